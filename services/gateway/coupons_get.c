// GET /v1/coupons/{code}: what a coupon is worth, and whether it can still be used.
#include <ctype.h>
#include <string.h>

#include "common/campaign/campaign.h"
#include "services/gateway/coupons.h"
#include "services/gateway/endpoints.h"
#include "services/gateway/members.h"
#include "services/gateway/render.h"
#include "services/gateway/request.h"

// Crockford's look-alikes.
static char folded(char typed) {
    char capital = (char)toupper((unsigned char)typed);
    if (capital == 'O') return '0';
    return capital == 'I' || capital == 'L' ? '1' : capital;
}

static void refuse_unknown(struct request *request, const char *detail) {
    request_refuse(request, (struct hy_error){HY_COUPON_UNKNOWN, "code", detail});
}

const char *coupon_entity(struct request *request) {
    char code[HY_COUPON_CODE_BYTES];
    size_t length = 0;
    for (const char *p = request->id; *p != '\0'; p++) {
        if (*p == '-' || *p == ' ') continue;
        if (length < sizeof code) code[length] = folded(*p);
        length++;
    }
    if (length == sizeof code - 1) {
        code[length] = '\0';
        if (hy_coupon_code_good(code)) return hy_arena_printf(&request->arena, "coupon/%s", code);
    }
    refuse_unknown(request, "the check character does not fit: a typing error? / 校验位不符，是否输入有误？");
    return NULL;
}

static void show(void *context, struct member_view *view) {
    (void)context;
    const Huiyuan__V1__CampaignState *state = view->campaigns;
    if (state == NULL || state->coupon == NULL)
        refuse_unknown(view->request, NULL);
    else
        request_answer(view->request, 200, render_coupon_of(state->member_id, state->coupon));
}

static void coupon(struct request *request) {
    const char *entity = coupon_entity(request);
    if (entity != NULL && request_await(request))
        member_view_read(members_view(request, entity, show, NULL), 0);
}

const struct route coupons_get = {
    .method = "GET",
    .path = "/v1/coupons/{code}",
    .operation = "getCoupon",
    .summary = "A coupon: what it is worth, and whether it can still be used",
    .roles = STORE | MARKETING | DESK | OPERATIONS,
    .store_nothing = true,
    .parameters = {PATH_COUPON_CODE},
    .replies = {{.status = 200, .schema = "Coupon", .help = "The coupon."}},
    .problems = {HY_COUPON_UNKNOWN, HY_TOO_MANY_REQUESTS, HY_UNAVAILABLE, HY_INTERNAL, HY_CORRUPT},
    .handle = coupon,
};
