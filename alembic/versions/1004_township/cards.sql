-- Why a card ended.
select;
