// POST /v1/coupons/{code}/redeem: a coupon is used. Once, however many tills try.
#include "common/contract/member.h"
#include "common/io/clock.h"
#include "services/gateway/coupons.h"
#include "services/gateway/endpoints.h"
#include "services/gateway/outcome.h"
#include "services/gateway/prefer.h"
#include "services/gateway/render.h"
#include "services/gateway/request.h"
#include "services/gateway/send.h"

static char *text(const char *constant) {
    return (char *)(uintptr_t)constant; // protobuf-c's structs have plain pointers; nobody writes
}

static void answered(void *context, const Huiyuan__V1__Answer *answer) {
    struct sending *sending = context;
    struct request *request = sending->request;
    const Huiyuan__V1__CouponAnswer *coupon = outcome_coupon(request, answer);
    if (!outcome_counts(answer))
        outcome_refuse(request, answer);
    else if (coupon == NULL)
        request_refuse(request, (struct hy_error){.code = HY_INTERNAL});
    else
        request_answer(request, 200, render_coupon_of(coupon->member_id, coupon->coupon));
}

// The command has a handle of its own each time: that the same redemption is answered the same is the
// coupon's own promise, so it holds for as long as the coupon does.
static void send(struct request *request, const char *entity, const struct hy_redemption *redemption) {
    struct sending *sending = hy_arena_zero(&request->arena, sizeof *sending);
    *sending = (struct sending){
        .request = request, .log = "campaigns", .entity = entity, .answered = answered, .context = sending};
    send_name(sending, NULL);
    Huiyuan__V1__RedeemCoupon redeem = HUIYUAN__V1__REDEEM_COUPON__INIT;
    redeem.store_id = text(redemption->store_id);
    redeem.purchase_id = text(redemption->purchase_id);
    redeem.redeemed_at_ms = hy_clock_now_ms();
    redeem.redemption_id = text(redemption->redemption_id);
    Huiyuan__V1__Command command = HUIYUAN__V1__COMMAND__INIT;
    command.body_case = HUIYUAN__V1__COMMAND__BODY_REDEEM_COUPON;
    command.redeem_coupon = &redeem;
    send_command(sending, &command);
}

// The redemption_id may be given as the Idempotency-Key.
static struct hy_error read_body(struct request *request, struct hy_redemption *ret_redemption) {
    const char *key = hy_http_header(request->exchange, "Idempotency-Key");
    if (!is_json(hy_http_header(request->exchange, "Content-Type")))
        return (struct hy_error){.code = HY_UNSUPPORTED_MEDIA_TYPE, .field = "Content-Type"};
    struct hy_error error =
        hy_redemption_from_json(hy_http_body(request->exchange), &request->arena, ret_redemption);
    if (error.code != HY_OK || ret_redemption->redemption_id[0] != '\0') return error;
    if (key == NULL)
        return (struct hy_error){HY_MISSING_FIELD, "redemption_id",
                                 "in the body, or as the Idempotency-Key / 填在请求体或 Idempotency-Key 中"};
    if (!idempotency_key_parse(key, &request->arena, &ret_redemption->redemption_id))
        return (struct hy_error){.code = HY_INVALID_FIELD, .field = "Idempotency-Key"};
    return HY_NO_ERROR;
}

static void redeem(struct request *request) {
    struct hy_redemption redemption;
    struct hy_error error = read_body(request, &redemption);
    if (error.code != HY_OK) {
        request_refuse(request, error);
        return;
    }
    const char *entity = coupon_entity(request);
    if (entity != NULL && request_await(request)) send(request, entity, &redemption);
}

const struct route coupons_redeem = {
    .method = "POST",
    .path = "/v1/coupons/{code}/redeem",
    .operation = "redeemCoupon",
    .summary = "A coupon is used: once, however many tills try",
    .body = "Redemption",
    .roles = STORE | OPERATIONS,
    .store_nothing = true,
    .parameters = {PATH_COUPON_CODE,
                   {.name = "Idempotency-Key",
                    .in = "header",
                    .type = "string",
                    .min = 1,
                    .max = 64,
                    .example = "S001-20261122-0042",
                    .help = "Stands for the redemption_id when the body has none."}},
    .replies = {{.status = 200,
                 .schema = "Coupon",
                 .help = "It was used now, or before by the same redemption_id."},
                {.status = 202,
                 .schema = "Pending",
                 .headers = "Location, Retry-After",
                 .help = "Durable, outcome not known yet: read it at the Location."}},
    .problems = {HY_MALFORMED, HY_TOO_LARGE, HY_UNSUPPORTED_MEDIA_TYPE, HY_MISSING_FIELD, HY_INVALID_FIELD,
                 HY_UNKNOWN_FIELD, HY_COUPON_UNKNOWN, HY_COUPON_REDEEMED, HY_COUPON_EXPIRED, HY_ID_REUSED,
                 HY_TOO_MANY_REQUESTS, HY_UNAVAILABLE, HY_INTERNAL},
    .handle = redeem,
};
