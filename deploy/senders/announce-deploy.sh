#!/bin/sh
# Tells the detector of a deploy. Needs sh and curl.
#
#   announce-deploy.sh --service checkout-api --version v412
#   announce-deploy.sh --service checkout-api --version v412 --status in_progress     # before; the same again after it
#
# Options: --service --version --environment --status --kind --id --at --started-at --finished-at --commit --actor
#          --url --rollback-of; they mean what they mean in `detector deploy add`. In GitHub Actions and GitLab CI
#          the id, commit, actor and url are those of the run unless said otherwise.
# Variables:
#   DETECTOR_URL      where the detector answers, such as https://detector.example
#   DETECTOR_TOKEN    one of `http: tokens:` of detector.yml
#   DETECTOR_STRICT   1: fail where the deploy could not be announced. Default: say so and exit with 0, since a shop must
#                     be deployable while the detector is not
#   DETECTOR_RETRIES  how often to try again; default 4
set -u

fields=''
service='' version='' id='' commit='' actor='' url='' at='' environment='production'

give_up() {
    echo "announce-deploy: $1" >&2
    [ "${DETECTOR_STRICT:-0}" = 1 ] && exit 1
    exit 0
}

# JSON knows no bare control characters, and a quoted line of curl's configuration none either.
quoted() {
    printf '"%s"' "$(printf '%s' "$1" | tr -d '\000-\037\177' | sed 's/\\/\\\\/g; s/"/\\"/g')"
}

field() {
    [ -z "$2" ] || fields="$fields${fields:+, }\"$1\": $(quoted "$2")"
}

while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || give_up "$1 needs a value"
    case "$1" in
        --service) service=$2 ;;
        --version) version=$2 ;;
        --environment) environment=$2 ;;
        --id) id=$2 ;;
        --commit) commit=$2 ;;
        --actor) actor=$2 ;;
        --url) url=$2 ;;
        --at) at=$2 ;;
        --started-at) field started_at "$2" ;;
        --finished-at) field finished_at "$2"; at='-' ;;
        --rollback-of) field rollback_of "$2" ;;
        --status) field status "$2" ;;
        --kind) field kind "$2" ;;
        *) give_up "unknown option $1" ;;
    esac
    shift 2
done

[ -n "$service" ] || give_up '--service is missing'
[ -n "$version" ] || give_up '--version is missing'
[ -n "${DETECTOR_URL:-}" ] || give_up 'DETECTOR_URL is not set'
[ -n "${DETECTOR_TOKEN:-}" ] || give_up 'DETECTOR_TOKEN is not set'

if [ -n "${GITHUB_RUN_ID:-}" ]; then
    : "${id:=github-$GITHUB_RUN_ID-${GITHUB_RUN_ATTEMPT:-1}-$service-$environment}"
    : "${commit:=${GITHUB_SHA:-}}"
    : "${actor:=${GITHUB_ACTOR:-}}"
    : "${url:=${GITHUB_SERVER_URL:-}${GITHUB_SERVER_URL:+/${GITHUB_REPOSITORY:-}/actions/runs/$GITHUB_RUN_ID}}"
elif [ -n "${CI_PIPELINE_ID:-}" ]; then
    : "${id:=gitlab-$CI_PIPELINE_ID-$service-$environment}"
    : "${commit:=${CI_COMMIT_SHA:-}}"
    : "${actor:=${GITLAB_USER_LOGIN:-}}"
    : "${url:=${CI_PIPELINE_URL:-}}"
fi

# Said here, so that it does not change with every try.
[ -n "$at" ] || at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
[ "$at" = '-' ] || field at "$at"
field service "$service"
field version "$version"
field environment "$environment"
field id "$id"
field commit "$commit"
field actor "$actor"
field url "$url"

# The token goes in by standard input, where other users of the machine cannot see it.
answer=$(
    curl --config - --silent --show-error --request POST --data "{$fields}" \
        --header 'Content-Type: application/json' --connect-timeout 5 --max-time 15 \
        --retry "${DETECTOR_RETRIES:-4}" --retry-connrefused --retry-max-time 60 \
        --write-out '\n%{http_code}' "${DETECTOR_URL%/}/api/v1/deploys" <<CONFIG
header = $(quoted "Authorization: Bearer $DETECTOR_TOKEN")
CONFIG
) || give_up "the detector at $DETECTOR_URL did not take it; the deploy of $service $version is not known there"

code=$(printf '%s\n' "$answer" | tail -n 1)
case "$code" in
    2?? | 409) echo "announce-deploy: $service $version announced ($code)" ;; # 409: this run announced it before
    *) give_up "the detector answered $code: $(printf '%s\n' "$answer" | sed '$d' | cut -c 1-500)" ;;
esac
