#include "services/gateway/members.h"

#include "common/base/calendar.h"
#include "common/io/clock.h"
#include "services/gateway/prefer.h"
#include "services/gateway/render.h"
#include "services/gateway/request.h"

struct member_view *members_view(struct request *request, const char *member_id,
                                 void (*done)(void *context, struct member_view *view), void *context) {
    struct member_view *view = hy_arena_zero(&request->arena, sizeof *view);
    view->request = request;
    view->member_id = member_id;
    view->done = done;
    view->context = context;
    return view;
}

void members_show(struct member_view *view, unsigned status) {
    request_header(view->request, "ETag", member_view_etag(view));
    request_answer(view->request, status, render_view(view));
}

void members_refuse_unknown(struct request *request) {
    request_refuse(request, (struct hy_error){.code = HY_NOT_FOUND, .field = "member_id"});
}

bool members_need_kek(struct request *request) {
    if (request->gateway->kek != NULL) return true;
    request_refuse(request, (struct hy_error){.code = HY_UNAVAILABLE,
                                              .detail = "this gateway has no key-encryption key "
                                                        "(HY_KEK_FILE) / 网关未配置密钥加密密钥"});
    return false;
}

enum { AHEAD_MS = 14 * 3600 * 1000, DAY_MS = 24 * 3600 * 1000 }; // the day begins first at UTC+14

static struct hy_error check_birthday(const char *birthday) {
    int32_t day;
    if (birthday == NULL || !hy_date_parse(hy_bytes_of(birthday), &day)) return HY_NO_ERROR;
    if (day <= (hy_clock_now_ms() + AHEAD_MS) / DAY_MS) return HY_NO_ERROR;
    return (struct hy_error){HY_INVALID_FIELD, "birthday", "not in the future / 不能晚于今天"};
}

bool members_read_body(struct request *request, enum hy_member_use use, struct hy_member_fields *ret_fields) {
    struct hy_error error = HY_NO_ERROR;
    const char *type = hy_http_header(request->exchange, "Content-Type");
    if (!is_json(type) && !(use == HY_MEMBER_PATCH && is_merge_patch(type)))
        error = (struct hy_error){.code = HY_UNSUPPORTED_MEDIA_TYPE, .field = "Content-Type"};
    if (error.code == HY_OK)
        error = hy_member_from_json(hy_http_body(request->exchange), use, &request->arena, ret_fields);
    if (error.code == HY_OK) error = check_birthday(ret_fields->birthday);
    if (error.code != HY_OK) request_refuse(request, error);
    return error.code == HY_OK;
}

const char *members_identity(struct request *request, const char *phone) {
    char index[HY_PHONE_INDEX_BYTES];
    if (!hy_phone_index(request->gateway->kek, phone, index)) return NULL;
    return hy_arena_printf(&request->arena, "phone/%s", index);
}
