"""What there is: tables with their columns and where these come from, and jobs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    how: str  # subtype of the transformation, MASKED, or empty for a column that comes from nowhere
    sources: tuple[tuple[str, str], ...]  # table, column
    tags: tuple[str, ...]
    late: bool  # there from the second day on


@dataclass(frozen=True)
class Table:
    namespace: str
    name: str
    owner: str
    rows: int
    kind: str
    about: str
    columns: list[Column] = field(default_factory=list)

    @property
    def place(self) -> tuple[str, str]:
        return self.namespace, self.name


@dataclass(frozen=True)
class Job:
    """``minutes`` that a run takes; ``parent`` is the job whose runs start it."""

    namespace: str
    name: str
    about: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    parent: str = ""
    minutes: float = 1.0
    kind: str = "TASK"
    owner: str = "team:data"


# Unindented: @ the namespace of what follows, or a table: key, name, owner, rows, kind, and what it is. Indented: a column:
# name, type, how it is made and from what; a + in front of it: from the second day on; a # marks a tag.
_TABLES = """
@ postgres://shop-db.example.com:5432
shop.customers shop.public.customers team:shop 48210 TABLE Everybody who has an account.
    customer_id bigint
    email text #PII
    country text
    created_at timestamp
shop.orders shop.public.orders team:shop 391400 TABLE One row an order.
    order_id bigint
    customer_id bigint
    status text
    created_at timestamp
    + coupon text
shop.items shop.public.order_items team:shop 1020300 TABLE What was ordered.
    order_id bigint
    product_id bigint
    quantity integer
    unit_price numeric
shop.products shop.public.products team:shop 3120 TABLE What can be ordered.
    product_id bigint
    title text
    category text
@ s3://example-clicks
clicks web/clicks team:web 84000 FILE The web server's log, a file an hour.
    visitor text #PII
    customer_id bigint
    url text
    at timestamp
@ postgres://warehouse.example.com:5432
raw.customers analytics.raw.customers team:data 48210 TABLE Copy of the shop's table.
    customer_id bigint IDENTITY shop.customers.customer_id
    email text IDENTITY shop.customers.email #PII
    country text IDENTITY shop.customers.country
    created_at timestamp IDENTITY shop.customers.created_at
raw.orders analytics.raw.orders team:data 391400 TABLE Copy of the shop's table.
    order_id bigint IDENTITY shop.orders.order_id
    customer_id bigint IDENTITY shop.orders.customer_id
    status text IDENTITY shop.orders.status
    created_at timestamp IDENTITY shop.orders.created_at
    + coupon text IDENTITY shop.orders.coupon
raw.items analytics.raw.order_items team:data 1020300 TABLE Copy of the shop's table.
    order_id bigint IDENTITY shop.items.order_id
    product_id bigint IDENTITY shop.items.product_id
    quantity integer IDENTITY shop.items.quantity
    unit_price numeric IDENTITY shop.items.unit_price
raw.products analytics.raw.products team:data 3120 TABLE Copy of the shop's table.
    product_id bigint IDENTITY shop.products.product_id
    title text IDENTITY shop.products.title
    category text IDENTITY shop.products.category
raw.clicks analytics.raw.clicks team:data 2410000 TABLE Clicks of the last 30 days.
    visitor text IDENTITY clicks.visitor #PII
    customer_id bigint IDENTITY clicks.customer_id
    url text IDENTITY clicks.url
    at timestamp IDENTITY clicks.at
stg.customers analytics.staging.stg_customers team:data 48210 TABLE Customers, without what names them.
    customer_id bigint IDENTITY raw.customers.customer_id
    email_hash text MASKED raw.customers.email
    country text TRANSFORMATION raw.customers.country
    customer_since date TRANSFORMATION raw.customers.created_at
stg.orders analytics.staging.stg_orders team:data 371900 TABLE Orders that were not called off.
    order_id bigint IDENTITY raw.orders.order_id
    customer_id bigint IDENTITY raw.orders.customer_id
    status text TRANSFORMATION raw.orders.status
    ordered_at timestamp IDENTITY raw.orders.created_at
    + coupon text IDENTITY raw.orders.coupon
stg.items analytics.staging.stg_order_items team:data 1020300 TABLE Items with their category and amount.
    order_id bigint IDENTITY raw.items.order_id
    category text IDENTITY raw.products.category
    amount numeric TRANSFORMATION raw.items.quantity raw.items.unit_price
stg.sessions analytics.staging.stg_sessions team:data 310700 TABLE Clicks put together to visits.
    session_id text TRANSFORMATION raw.clicks.visitor raw.clicks.at
    customer_id bigint IDENTITY raw.clicks.customer_id
    started_at timestamp AGGREGATION raw.clicks.at
    pages integer AGGREGATION raw.clicks.url
mart.orders analytics.marts.orders team:analytics 371900 TABLE Orders with what they are worth.
    order_id bigint IDENTITY stg.orders.order_id
    customer_id bigint IDENTITY stg.orders.customer_id
    ordered_at timestamp IDENTITY stg.orders.ordered_at
    amount numeric AGGREGATION stg.items.amount
    + coupon text IDENTITY stg.orders.coupon
mart.revenue analytics.marts.daily_revenue team:finance 21840 TABLE Revenue by day and country.
    day date TRANSFORMATION mart.orders.ordered_at
    country text IDENTITY stg.customers.country
    revenue numeric AGGREGATION mart.orders.amount
    orders bigint AGGREGATION mart.orders.order_id
mart.value analytics.marts.customer_value team:analytics 48210 TABLE What each customer has bought so far.
    customer_id bigint IDENTITY stg.customers.customer_id
    customer_since date IDENTITY stg.customers.customer_since
    orders bigint AGGREGATION mart.orders.order_id
    total numeric AGGREGATION mart.orders.amount
features analytics.features.customer_features team:ml 48210 TABLE What the churn model sees of a customer.
    customer_id bigint IDENTITY mart.value.customer_id
    tenure_days integer TRANSFORMATION mart.value.customer_since
    orders_90d integer AGGREGATION mart.orders.order_id mart.orders.ordered_at
    spent_90d numeric AGGREGATION mart.orders.amount mart.orders.ordered_at
    visits_30d integer AGGREGATION stg.sessions.session_id
scores analytics.predictions.churn_scores team:ml 48210 TABLE The model's latest word on each customer.
    customer_id bigint IDENTITY features.customer_id
    score double TRANSFORMATION features.tenure_days features.orders_90d features.spent_90d features.visits_30d
    scored_at timestamp
alerts analytics.alerts.payment_alerts team:risk 160 TABLE Payments that somebody should look at.
    order_id bigint IDENTITY payments.order_id
    amount numeric IDENTITY payments.amount
@ kafka://kafka.example.com:9092
payments shop.payments team:shop 0 TOPIC Every payment as it is made.
    order_id bigint
    amount numeric
    card_hash text #PII
@ mlflow://models.example.com
model churn team:ml 0 MODEL How likely a customer is to leave.
@ superset://bi.example.com
board dashboards/revenue team:finance 0 DASHBOARD What the board looks at on Mondays.
"""


def _tables(text: str) -> Iterator[tuple[str, Table]]:
    namespace, table = "", None
    for line in text.strip().splitlines():
        if line.startswith("@ "):
            namespace = line.removeprefix("@ ")
        elif line.startswith(" ") and table is not None:
            table.columns.append(_column(line.split()))
        else:
            key, name, owner, rows, kind, about = line.split(" ", 5)
            table = Table(namespace, name, owner, int(rows), kind, about)
            yield key, table


def _column(words: list[str]) -> Column:
    tags = tuple(word[1:] for word in words if word.startswith("#"))
    late = words[0] == "+"
    name, kind, *made = [word for word in words if word[0] not in "+#"]
    sources = [source.rpartition(".") for source in made[1:]]
    return Column(name, kind, made[0] if made else "", tuple((t, c) for t, _, c in sources), tags, late)


TABLES: dict[str, Table] = dict(_tables(_TABLES))

DAGS = {
    "shop_ingest": Job("airflow", "shop_ingest", "Copies the shop's tables into the warehouse.", kind="DAG"),
    "warehouse": Job("airflow", "warehouse", "Builds and tests the models of the warehouse.", kind="DAG"),
    "churn": Job("airflow", "churn", "Trains the churn model anew.", kind="DAG", owner="team:ml"),
}
LOADS = {
    key: Job(
        "airflow",
        f"shop_ingest.load_{key}",
        f"Copies the shop's {key}.",
        (f"shop.{key}",),
        (f"raw.{key}",),
        "shop_ingest",
        minutes,
    )
    for key, minutes in (("customers", 1.2), ("orders", 3.0), ("items", 4.5), ("products", 0.3))
}
CLICKS = Job("airflow", "click_ingest.load_clicks", "Copies the web server's log.", ("clicks",), ("raw.clicks",), minutes=2.5)


def _model(key: str, inputs: str, minutes: float) -> Job:
    table = TABLES[key]
    name = table.name.rpartition(".")[2]
    return Job("dbt", name, table.about, tuple(inputs.split()), (key,), "warehouse", minutes, "MODEL", table.owner)


# In the order in which dbt builds them.
MODELS = {
    "stg.customers": _model("stg.customers", "raw.customers", 0.4),
    "stg.orders": _model("stg.orders", "raw.orders", 0.9),
    "stg.items": _model("stg.items", "raw.items raw.products", 1.4),
    "stg.sessions": _model("stg.sessions", "raw.clicks", 2.1),
    "mart.orders": _model("mart.orders", "stg.orders stg.items", 1.7),
    "mart.revenue": _model("mart.revenue", "mart.orders stg.customers", 0.8),
    "mart.value": _model("mart.value", "mart.orders stg.customers", 0.9),
}
TESTS = Job("dbt", "test", "Checks the marts.", ("mart.orders", "mart.revenue"), (), "warehouse", 0.5, "TEST", "team:analytics")
FEATURES = Job(
    "airflow",
    "churn.features",
    "Makes the features of each customer.",
    ("mart.value", "mart.orders", "stg.sessions"),
    ("features",),
    "churn",
    4.0,
    owner="team:ml",
)
TRAIN = Job("airflow", "churn.train", "Trains the churn model.", ("features",), ("model",), "churn", 18.0, "TRAINING", "team:ml")
SCORE = Job("ml", "score_customers", "Scores every customer.", ("features", "model"), ("scores",), "", 1.5, "SERVING", "team:ml")
WATCH = Job("flink", "payment_alerts", "Watches payments.", ("payments",), ("alerts",), kind="STREAM", owner="team:risk")
BOARD = Job(
    "superset", "revenue_board", "The board's dashboard.", ("mart.revenue",), ("board",), "", 0, "DASHBOARD", "team:finance"
)
