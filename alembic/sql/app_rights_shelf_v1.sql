-- What arrives is written once; of a receipt only its closing comes later. A product's price and name could change
-- before; its barcode and its minimum now too, and a shelf may lose a product again.
grant select, insert on lot, goods_receipt, price_change to jimei_app;
grant update (counted, closing_person, closing_attendant, closed_at, reason) on goods_receipt to jimei_app;
grant update (barcode, minimum) on product to jimei_app;
grant update (minimum, retired_at) on shelf to jimei_app;
grant update (shelf_version) on supermarket to jimei_app;
