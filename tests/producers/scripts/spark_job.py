"""Sums up a CSV file into Parquet, as an application of its own. Arguments: the file, the folder to write."""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession  # type: ignore[import-not-found]
from pyspark.sql import functions as f

read, written = sys.argv[1:]
session = SparkSession.builder.getOrCreate()
orders = session.read.csv(read, header=True, schema="id BIGINT, customer STRING, amount INT")
totals = orders.where("amount > 0").groupBy("customer").agg(f.sum("amount").alias("total"))
totals.coalesce(1).write.mode("overwrite").parquet(written)
session.stop()
