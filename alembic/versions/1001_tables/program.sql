-- Which of the files under alembic/current the database has, and what the database says of what they created.
create table sql_file (
    name text not null,
    checksum text not null,
    definition text not null,
    constraint pk_sql_file primary key (name)
);
grant select on sql_file, alembic_version to jimei_app;
