select customers.id, customers.name, paid_orders.amount
from {{ ref('customers') }} as customers
join {{ ref('paid_orders') }} as paid_orders on paid_orders.customer_id = customers.id
