#!/usr/bin/env bash
# The story of a shop, told by the running system: `./dev demo` sets up, builds, starts everything and then calls this.
# May be run again and again: what is sent twice counts once, and the demo shows it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
for part in lib services; do
    # shellcheck source=/dev/null
    source "deploy/dev/$part.sh"
done

DATA=.dev/data/completejourney.csv
REAL_MEMBER=hh-2159       # a household of the data
export TZ=Asia/Shanghai   # the shop's clocks

exec 3>&1
bold='' dim='' plain=''
if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; fi

# ---- words

began=$SECONDS
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
note() { printf '  %s\n' "$@"; }
indent() { sed 's/^/  /'; }
boxed() { sed 's/^/  │ /'; }
fail() { printf '  %s\n' "$*" >&2; exit 1; }
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

# ---- the system

# call KEY METHOD PATH [BODY]: the answer's body in $answer, its status in $status
call() {
    local key=$1 method=$2 path=$3 raw
    local -a more=()
    [ $# -lt 4 ] || more=(--header 'Content-Type: application/json' --data "$4")
    raw=$(curl --silent --max-time 25 --request "$method" --header "Authorization: Bearer $key" --header 'Prefer: wait=15' \
        --write-out '\n%{http_code}' "${more[@]}" "$HY_URL$path")
    status=${raw##*$'\n'} answer=${raw%$'\n'*}
}
expect() { [[ " $* " == *" $status "* ]] || fail "answered $status: $answer"; }
field() { jq -r "$1" <<<"$answer"; }

# The system's own clock, in seconds: the calendar is moved below.
system_now() { date -d "$(huiyuanctl clock | cut -d' ' -f1)" +%s; }
system_time() { date -d "@$(system_now)" +%Y-%m-%dT%H:%M:%S+08:00; }
# move_to SECONDS: the whole system, to that moment
move_to() {
    local by=$(($1 - $(system_now)))
    shown huiyuanctl clock "+${by}s" >/dev/null
    note "it is now $(date -d "@$1" '+%A %-d %B %Y, %H:%M') in the shop · 系统时间：$(date -d "@$1" '+%Y年%-m月%-d日 %H:%M')"
}

# within SECONDS COMMAND...: until the command succeeds; false when it does not in that time
within() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}
# wait_for SECONDS WHAT COMMAND...
wait_for() {
    local seconds=$1 what=$2
    shift 2
    within "$seconds" "$@" || fail "not within $seconds s: $what"
}

# buy MEMBER FEN CATEGORY: at the till; the answer in $answer
purchases=0
buy() {
    local body
    purchases=$((purchases + 1))
    body=$(jq -nc --arg id "demo-$run-$purchases" --arg member "$1" --argjson fen "$2" --arg category "$3" --arg at "$(system_time)" \
        '{purchase_id: $id, member_id: $member, store_id: "406", channel: "STORE", occurred_at: $at,
          lines: [{line_id: "1", sku: "demo", category: $category, quantity: 1, paid_fen: $fen}]}')
    call "$HY_KEY" POST /v1/purchases "$body"
    expect 201
}

# enrol NAME LANGUAGE AGREES EMAIL: sets $answer
enrol() {
    local body
    body=$(jq -nc --arg phone "+86139$(printf '%08d' $(((RANDOM * 32768 + RANDOM) % 100000000)))" --arg name "$1" --arg language "$2" \
        --argjson agrees "$3" --arg email "$4" --arg birthday "1990-$birthday" \
        '{phone: $phone, name: $name, birthday: $birthday, email: $email, language: $language, consents: {email: $agrees}}')
    enrolled_body=$body
    call "$HY_KEY" POST /v1/members "$body"
    expect 200 201
}

mail_about() { .dev/venv/bin/python -B deploy/dev/mailbox.py show "$HY_DEV_MAIL" "$1"; }
# mail_to ADDRESS WORDS
has_mail() { mail_about "$1" 2>/dev/null | grep -q "$2"; }

lag_of() { huiyuanctl status --json | jq --arg log "$1" '[.services[] | select($log == "" or .log == $log) | .partitions[] | .sources[].lag, .watermark.behind] | add'; }
caught_up() { [ "$(lag_of "$1")" = 0 ]; }
counter() { curl --silent --fail --max-time 5 "$HY_ACCRUAL_URL/metrics" | awk -v name="huiyuan_$1" '$1 == name { sum += $2 } END { printf "%d", sum }'; }

second=accrual-second
leave() { stop_process $second 2>/dev/null; }
trap leave EXIT

# ---- the story

run=$(date +%y%m%d%H%M%S)
birthday_at=$(($(system_now) + 20 * 86400))
birthday=$(date -d "@$birthday_at" +%m-%d)

title 'Huiyuan 会员 — a membership engine for shops, running on this machine'
note 'A shop, its members, one busy month: enrolment, points, tiers, a birthday, a member day — and a crash in the middle of it.' \
    '一家门店、它的会员、忙碌的一个月：入会、积分、等级、生日、会员日——其间还有一次故障。'

title '1  Members enrol at the till · 会员入会'
enrol '演示会员甲' zh true "a-$run@example.com"
first=$(field .member_id)
note "a phone number is enough; this one also gave a name, a birthday and an e-mail address:" "→ member $first"
call "$HY_KEY" POST /v1/members "$enrolled_body"
[ "$status" = 200 ] && [ "$(field .member_id)" = "$first" ] || fail "the same phone became another member: $answer"
note 'the same phone once more: the same member, no second one · 同一手机号再次登记：仍是同一位会员'
enrol 'Demo member B' en true "b-$run@example.com" && other=$(field .member_id)
enrol '演示会员丙' zh true "c-$run@example.com" && third=$(field .member_id)
enrol '演示会员丁' zh false "d-$run@example.com" && silent=$(field .member_id)
note 'three more enrol; one of them does not want e-mails. What the ledger of members knows of them · 会员日志中只有密文：'
shown huiyuanctl tail members -n 1 | cut -c1-220 | boxed

title '2  A year of real shopping · 一年的真实消费数据'
if [ ! -e "$DATA" ]; then
    note 'The public data set "Complete Journey" of a grocery chain (dollars read as yuan) is made ready once, some ten seconds.'
    .dev/venv/bin/python tests/data/completejourney.py "$DATA"
fi
before_duplicate=$(counter records_duplicate_total) before_rejected=$(counter records_rejected_total)
clock_before=$(now)
shown huiyuanctl import purchases --restart "$DATA" | tail -n 1 | indent
wait_for 240 'accrual takes all purchases' caught_up points
counted=$(now)
duplicate=$(($(counter records_duplicate_total) - before_duplicate)) rejected=$(($(counter records_rejected_total) - before_rejected))
wait_for 240 'tiers and campaigns follow' caught_up ''
note "155,848 purchases of 2,469 households in the ledger after $(calculate %.1f "$counted - $clock_before") s:" \
    "  $(grouped "$(calculate %d "155848 / ($counted - $clock_before)")") purchases/s from the file to points in Redis, on $(nproc) cores; tiers, campaigns and messages followed in $(calculate %.1f "$(now) - $counted") s" \
    "  counted 计入: $(grouped $((155848 - duplicate - rejected))) · recognised as sent before 识别为重复: $(grouped "$duplicate") · refused 拒绝: $(grouped "$rejected")"
((duplicate == 0)) || note '  (the demo ran before: nobody got points twice · 重复导入不会重复计分)'

title '3  Somebody becomes silver · 升为银卡'
buy "$first" 68000 COSMETICS
note "¥680.00 of cosmetics → $(field .points) points, balance $(field .balance)"
tier_is() { call "$HY_KEY" GET "/v1/members/$1"; [ "$status" = 200 ] && [ "$(field '.tier.id // ""')" = "$2" ]; }
progress_shown() { call "$HY_KEY" GET "/v1/members/$first"; [ "$(field '.tier.growth // 0')" -gt 0 ]; }
wait_for 20 'the tier of the member' progress_shown
note "their page says · 会员页面: $(field .tier.name_zh) · $(field .tier.next.progress_zh) · $(field .tier.next.progress_en)"
buy "$first" 42000 COSMETICS
for member in $other $third $silent; do buy "$member" 110000 PRODUCE; done
for member in $first $other $third $silent; do wait_for 20 'silver' tier_is "$member" silver; done
note 'another ¥420.00, and the tier follows at once. Why · 原因:'
shown huiyuanctl explain tier "$first" | grep -m1 "会员" | indent
wait_for 20 'the message about silver' has_mail "a-$run@example.com" 银卡
note "and an e-mail says so · 邮件通知: $(mail_about "a-$run@example.com" | sed -n 's/^Subject: //p')"

title '4  A birthday · 生日'
note "everybody above has a birthday on $(date -d "@$birthday_at" '+%-d %B'). Marketing publishes · 市场人员发布活动:"
shown huiyuanctl campaign publish deploy/dev/campaigns/birthday.yaml | indent
shown huiyuanctl campaign publish deploy/dev/campaigns/member-day.yaml | indent
note 'and turns the calendar to a week before the birthday · 时间拨到生日前一周:'
move_to "$(date -d "$(date -d "@$((birthday_at - 7 * 86400))" +%Y-%m-%d) 09:05" +%s)"
star='' address='' letter=''
find_star() {
    local pair
    for pair in "$first a" "$other b" "$third c"; do
        call "$HY_KEY" GET "/v1/members/${pair% *}"
        [ "$(field '[.coupons[]? | select(.campaign_id == "birthday")] | length')" != 0 ] || continue
        star=${pair% *} address=${pair#* }-$run@example.com
        code=$(field '[.coupons[] | select(.campaign_id == "birthday")][0].code')
        has_mail "$address" "$code" && letter=$(mail_about "$address") && return
    done
    return 1
}
within 60 find_star || {
    huiyuanctl tail campaigns -n 3000 | grep -e "$first" -e "$other" -e "$third" -e budget/birthday | cut -c1-200 | tail -n 15 | indent
    fail 'no birthday e-mail within 60 s; above, what became of these members (control group: HELD_OUT, one in ten)'
}
note "a coupon is on the member's page, and this e-mail has arrived · 邮件已送达:"
boxed <<<"$letter"
has_mail "d-$run@example.com" . && fail 'somebody who did not agree to e-mails got one'
note 'whoever did not agree to e-mails has got none, coupon or not · 未同意接收邮件的会员不会收到邮件'

title '5  The coupon is used: once · 优惠券只能用一次'
note 'eight tills try at the same moment · 八台收银机同时核销:'
redeem() {
    curl --silent --max-time 25 --output /dev/null --write-out '%{http_code}\n' --header "Authorization: Bearer $HY_KEY" \
        --header 'Content-Type: application/json' --data "{\"store_id\": \"406\", \"redemption_id\": \"till-$1-$run\"}" "$HY_URL/v1/coupons/$code/redeem"
}
tries=$(for till in 1 2 3 4 5 6 7 8; do redeem "$till" & done; wait)
note "answers 应答: $(sort <<<"$tries" | uniq -c | awk '{printf "%s%d × %s", separator, $1, $2; separator = ", "}')"
[ "$(grep -c '^200$' <<<"$tries")" = 1 ] || fail "a coupon was used $(grep -c '^200$' <<<"$tries") times"
note 'one of them may take ¥20.00 off, all others are told that it is used · 只有一台成功，其余被告知已使用'

title '6  Member day · 会员日'
today=$(system_now)
member_day=$(date -d "$(date -d "@$((today + 86400))" +%Y-%m-28) 10:05" +%s)
((member_day > today + 86400)) || member_day=$(date -d "$(date -d "$(date -d "@$today" +%Y-%m-01) +1 month" +%Y-%m)-28 10:05" +%s)
buy "$star" 10000 COSMETICS
ordinary_points=$(field .points)
move_to $((member_day - 86400))
# One member in twenty is in the control group of the member day, and gets no message.
find_announcement() {
    local letters
    for letters in a b c; do
        announcement=$(mail_about "$letters-$run@example.com" | sed -n 's/^Subject: //p')
        grep -qi '会员日\|member day' <<<"$announcement" && return
    done
    return 1
}
wait_for 30 'the announcement of the member day' find_announcement
note "the day before, an e-mail · 前一天的邮件: $announcement"
move_to "$member_day"
buy "$star" 10000 COSMETICS
note "¥100.00 of cosmetics: on other days $ordinary_points points, today $(field .points) · 平日 $ordinary_points 分，今天 $(field .points) 分"
(($(field .points) > ordinary_points)) || fail 'the member day gave no more points'
note 'why · 原因:'
shown huiyuanctl explain "demo-$run-$purchases" --member "$star" --lang zh | tail -n 8 | indent

title '7  A service is killed, and nobody notices · 服务被强行终止，无人察觉'
note 'The service that counts points gets a second instance; eight tills are selling; then the first is killed with kill -9.'
launch $second env HY_ADMIN_LISTEN=127.0.0.1:0 HY_INSTANCE=$second "$HY_BIN/hy-accrual"
second_owns() { huiyuanctl status --json | jq -e --arg name $second '[.services[] | select(.log == "points") | .partitions[] | select(.owner == $name)] | length > 0' >/dev/null; }
wait_for 20 'the second instance has its share' second_owns
.dev/venv/bin/python -B deploy/dev/tills.py "$HY_URL" "$HY_KEY" 12 "$(system_time)" >"$HY_DEV_DIR/tills.txt" &
tills=$!
sleep 2.5
stop_process accrual KILL 2>/dev/null
note '✗ kill -9'
wait $tills || fail 'a till could not sell'
sold='' failed='' longest='' changed=''
eval "$(cat "$HY_DEV_DIR/tills.txt")"
note "sold meanwhile 期间成交: $sold · refused 失败: $failed · longest wait at a till 最长等待: $longest s (Kafka notices a dead instance after 6 s)" \
    "all sent once more: $changed answers differ; nothing was lost, nothing counts twice · 全部重发：应答一致，不丢不重"
((failed == 0 && changed == 0)) || fail 'the crash was noticed'
start_service accrual 2>/dev/null
wait_service accrual
leave

title '8  Is everything right? · 账是否完全正确？'
note 'Every block of every ledger, every member in Redis, every sum · 逐块、逐会员、逐项合计核对:'
wait_for 120 'everything is at rest' caught_up ''
shown huiyuanctl verify | indent

title "The story took $((SECONDS - began)) s. It goes on running · 系统仍在运行"
cat <<TEXT
  try 试试:      eval "\$(./dev env)"
    curl -H "Authorization: Bearer \$HY_KEY" $HY_URL/v1/members/$star
    curl -H "Authorization: Bearer \$HY_KEY" $HY_URL/v1/members/$REAL_MEMBER/entries?limit=5
    $HY_URL/openapi.json            every route, with examples
    $HY_ACCRUAL_URL/metrics            and of every other service: ./dev env shows where
    huiyuanctl status; huiyuanctl tail campaigns; huiyuanctl clock +1d; huiyuanctl --help
    the system's clock stays where the story ended (recorded time never runs backwards): huiyuanctl clock
  系统时钟停留在故事结束的时刻：账本的记录时间不会倒退
  e-mails that were sent 已发送的邮件: ${HY_DEV_MAIL}
  again 再来一次:  ./dev demo         the same purchases are recognised, nothing counts twice
  stop 停止:       ./dev down         (data stays; to begin anew: rm -rf $HY_DEV_DIR/kafka-data $HY_DEV_DIR/redis-data)
TEXT
