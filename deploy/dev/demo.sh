#!/usr/bin/env bash
# A walk through the product, on real shopping data: `./dev demo` sets up, builds, starts everything and then calls this.
# May be run again and again: what is sent twice counts once, and the demo shows it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

DATA=.dev/data/completejourney.csv
MEMBER=hh-2159          # a household of the data
PURCHASE=31711054644    # a basket of theirs: Wednesday 1 February 2017, in the flagship store
NEWCOMER=demo-visitor   # who buys something by curl

exec 3>&1
bold='' dim='' plain=''
if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; fi

title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
note() { printf '  %s\n' "$@"; }
indent() { sed 's/^/  /'; }
# JSON with an object on a line of its own, but lists of plain values on one line.
pretty() { python3 -m json.tool --no-ensure-ascii --indent 2 | sed -E ':a; N; $!ba; s/(\[|[0-9],)\n +([0-9])/\1 \2/g; s/(\[|[0-9],)\n +([0-9])/\1 \2/g; s/([0-9])\n +\]/\1]/g; s/\[ /[/g' | indent; }
# Shows a command as one would type it, and runs it.
shown() {
    printf '  %s$ %s%s\n' "$dim" "$*" "$plain" >&3
    "$@"
}
now() { date +%s.%N; }
# calculate FORMAT EXPRESSION
calculate() { awk "BEGIN { printf \"$1\", $2 }"; }
# 1234567 → 1,234,567
grouped() { sed ':a; s/\B[0-9]\{3\}\>/,&/; ta' <<<"$1"; }

# counter NAME: of accrual, since it started
counter() { curl --silent --fail --max-time 5 "$HY_ACCRUAL_URL/metrics" | awk -v name="huiyuan_$1" '$1 == name { sum += $2 } END { printf "%d", sum }'; }

# Waits until accrual has taken so many inputs more than at the beginning, and nothing waits any more.
wait_for_accrual() {
    local wanted=$1 deadline=$((SECONDS + 300)) taken=
    until taken=$(counter inputs_total) && ((taken >= wanted)) && (($(counter backlog_inputs) == 0)); do
        ((SECONDS < deadline)) || { printf '  accrual has not caught up within five minutes: ./dev logs accrual\n' >&2; exit 1; }
        sleep 0.05
    done
}

title 'Huiyuan 会员 — a membership engine for shops, running on this machine'
note "A store publishes what a member bought; milliseconds later the points are in the ledger, in Redis and on the till's screen." \
    '门店发布一笔消费，几毫秒后积分即已记账、可查、可见；无论哪个环节崩溃，都只计一次。'

title '1  A year of real shopping · 一年的真实消费数据'
if [ -e "$DATA" ]; then
    note "$DATA is here already."
else
    note 'From the public data set "Complete Journey" of a grocery chain; dollars are read as yuan. Made once, some ten seconds.'
    .dev/venv/bin/python tests/data/completejourney.py "$DATA"
fi
lines=$(($(wc -l <"$DATA") - 1))
note "$(grouped "$lines") lines of 155,848 purchases by 2,469 households; the first two:"
sed -n 2,3p "$DATA" | indent

title '2  Import, count, keep · 导入并计算积分'
before_inputs=$(counter inputs_total) before_accepted=$(counter records_accepted_total)
before_duplicate=$(counter records_duplicate_total) before_rejected=$(counter records_rejected_total)
began=$(now)
shown huiyuanctl import purchases --restart "$DATA"
imported=$(now)
wait_for_accrual $((before_inputs + 155848))
counted=$(now)
accepted=$(($(counter records_accepted_total) - before_accepted))
duplicate=$(($(counter records_duplicate_total) - before_duplicate))
rejected=$(($(counter records_rejected_total) - before_rejected))
note "read and published to Kafka in $(calculate %.1f "$imported - $began") s; every one in the ledger after $(calculate %.1f "$counted - $began") s:" \
    "$(grouped "$(calculate %d "155848 / ($counted - $began)")") purchases/s, $(grouped "$(calculate %d "$lines / ($counted - $began)")") lines/s, importer, Kafka, accrual and Redis together on $(nproc) cores" \
    "counted: $(grouped "$accepted") · recognised as sent before: $(grouped "$duplicate") · refused: $(grouped "$rejected")"
if ((duplicate > accepted)); then
    note 'The demo ran before, so these purchases were there already: each was recognised, and nobody got points twice.' \
        '这些消费此前已导入：系统逐笔识别为重复，积分没有重复发放。'
fi
if ((rejected > 0)); then
    note 'Refused ones are older than the window in which repetitions are recognised (HY_PURCHASE_WINDOW_DAYS): never guessed.' \
        'See them: huiyuanctl dead-letters'
fi

title "3  A member's page · 会员页面"
shown curl --silent --fail "$HY_URL/v1/members/$MEMBER" | pretty
shown curl --silent --fail "$HY_URL/v1/members/$MEMBER/entries?limit=2" | pretty

title '4  A purchase at the till · 收银台上的一笔消费'
id=demo-$(date +%Y%m%d-%H%M%S)-$$
body=$(printf '{"purchase_id": "%s", "member_id": "%s", "store_id": "406", "channel": "STORE", "occurred_at": "%s",\n "lines": [{"line_id": "1", "sku": "lipstick", "category": "COSMETICS", "brand": "Private", "quantity": 1, "paid_fen": 12800},\n           {"line_id": "2", "sku": "apples", "category": "PRODUCE", "quantity": 6, "paid_fen": 1990}]}' \
    "$id" "$NEWCOMER" "$(date +%Y-%m-%dT%H:%M:%S%:z)")
post() { curl --silent --fail-with-body --header 'Content-Type: application/json' --data "$body" "$@" "$HY_URL/v1/purchases"; }
printf '  %s$ curl -H '\''Content-Type: application/json'\'' -d @- %s/v1/purchases%s\n' "$dim" "$HY_URL" "$plain"
indent <<<"$body"
note '→ 201, the points of each line and the new balance · 每行积分与最新余额:'
first=$(post --write-out '\n%{time_total}')
pretty <<<"${first%$'\n'*}"
second=$(post)
[ "$second" = "${first%$'\n'*}" ] || { note 'a repetition was answered otherwise' >&2; exit 1; }
note "answered after $(calculate %.1f "${first##*$'\n'} * 1000") ms, durably; sent once more by a nervous till: the same answer, byte for byte, and no second points"

title '5  Why so many points? · 为什么是这么多积分？'
shown huiyuanctl explain "$PURCHASE" --member "$MEMBER" | indent

title '6  Is everything right? · 账是否完全正确？'
note 'Log against Redis against sums, every block and every member:'
shown huiyuanctl verify | indent

title 'It goes on running · 系统仍在运行'
cat <<TEXT
  try 试试:
    $HY_URL/v1/members/$MEMBER
    $HY_URL/v1/members/$MEMBER/entries?limit=5
    $HY_URL/openapi.json            every route, with examples
    $HY_URL/metrics                 and $HY_ACCRUAL_URL/metrics
    eval "\$(./dev env)"; huiyuanctl status; huiyuanctl tail points; huiyuanctl --help
    edit deploy/dev/program.yaml, count its version up: huiyuanctl program publish deploy/dev/program.yaml
  again 再来一次:  ./dev demo         the same purchases are recognised, nothing counts twice
  stop 停止:       ./dev down         (data stays; to begin anew: rm -rf ${HY_DEV_DIR:-.dev}/kafka-data ${HY_DEV_DIR:-.dev}/redis-data)
TEXT
