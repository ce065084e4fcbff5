"""An Airflow DAG that processes new captures every night: put it into the folder of DAGs.

`netbeam` runs as a program of its own, so that Airflow's Python needs nothing of it. A run that fails is
tried again: what it had not published is still new.
"""

import shlex
from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param

COMMAND = (
    "exec {{ params.netbeam | quoted }} run --incremental {{ params.captures | quoted }}"
    " -o {{ params.records | quoted }}"
)

with DAG(
    "netbeam_nightly",
    description="Audit records of new captures",
    schedule="30 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
    params={
        "netbeam": Param("/opt/netbeam/bin/netbeam", type="string"),
        "captures": Param("/var/lib/captures", type="string"),
        "records": Param("/var/lib/netbeam/records", type="string"),
    },
    user_defined_filters={"quoted": shlex.quote},
    tags=["netbeam"],
) as dag:
    BashOperator(task_id="run", bash_command=COMMAND, do_xcom_push=False)
