#!/usr/bin/env bash
# Cloud Scheduler starts the Flex Template every night at half past two:
#   PROJECT=my-project REGION=europe-west1 BUCKET=my-bucket ./scheduler.sh
# The account netbeam-scheduler needs roles/dataflow.admin, and roles/iam.serviceAccountUser for netbeam-worker.
set -euo pipefail
: "${PROJECT:?the project in which the job runs}" "${REGION:?a region as europe-west1}" "${BUCKET:?the bucket of template, captures and records}"

body=$(mktemp)
trap 'rm -f "$body"' EXIT
sed -e "s/PROJECT/$PROJECT/g; s/REGION/$REGION/g; s/BUCKET/$BUCKET/g" "$(dirname "$0")/launch.json" >"$body"

gcloud scheduler jobs create http netbeam-nightly \
    --project="$PROJECT" --location="$REGION" \
    --schedule="30 2 * * *" --time-zone=Etc/UTC \
    --uri="https://dataflow.googleapis.com/v1b3/projects/$PROJECT/locations/$REGION/flexTemplates:launch" \
    --http-method=POST --headers=Content-Type=application/json --message-body-from-file="$body" \
    --oauth-service-account-email="netbeam-scheduler@$PROJECT.iam.gserviceaccount.com" \
    --attempt-deadline=180s --max-retry-attempts=3
