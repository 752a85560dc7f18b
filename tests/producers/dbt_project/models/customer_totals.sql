select id, name, sum(amount) as total
from {{ ref('customer_orders') }}
group by id, name
