-- The column sets that hold now, of `rows` of column_lineage: when each was last told, and by which run. A facet, and what a
-- DatasetEvent says, hold until their owner tells another; what a job says explicitly (`adds`) holds from the job's floor on
-- (see lineage.edges), and while there is any, the job's facets do not. And nothing does once the job does not write the dataset
-- any more.
SELECT k.dataset_id, k.owner_id, k.set_id, k.adds, k.last_at AS at, k.last_run_id AS run_id
FROM {rows} k
WHERE CASE
    WHEN k.owner_id = k.dataset_id THEN NOT EXISTS (
        SELECT FROM column_lineage o
        WHERE o.dataset_id = k.dataset_id AND o.owner_id = k.owner_id AND (o.last_at, o.set_id) > (k.last_at, k.set_id)
    )
    ELSE EXISTS (
        SELECT FROM edges e JOIN jobs j ON j.job_id = e.owner_id
        WHERE e.source_id = k.owner_id AND e.target_id = k.dataset_id AND e.kind = 2 AND e.owner_id = k.owner_id
          AND e.last_at >= j.floor_at AND NOT j.is_hidden
          AND CASE WHEN k.adds THEN k.last_at >= j.floor_at ELSE NOT EXISTS (
              SELECT FROM column_lineage o
              WHERE o.dataset_id = k.dataset_id AND o.owner_id = k.owner_id
                AND CASE WHEN o.adds THEN o.last_at >= j.floor_at ELSE (o.last_at, o.set_id) > (k.last_at, k.set_id) END
          ) END
        OFFSET 0
    )
END
