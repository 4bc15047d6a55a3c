-- Redemptions without a card.
select;
