// PATCH /v1/members/{member_id}: a merge patch of the profile. Read, laid over, sealed anew, and sent with
// the version that was read; when somebody was faster it begins again, unless the caller said which version
// they mean (If-Match).
#include "common/io/clock.h"
#include "services/gateway/endpoints.h"
#include "services/gateway/members.h"
#include "services/gateway/outcome.h"
#include "services/gateway/personal.h"
#include "services/gateway/prefer.h"
#include "services/gateway/request.h"
#include "services/gateway/send.h"

struct patching {
    struct request *request;
    struct hy_member_fields fields;
    const char *if_match;
    struct sending sending;
};

static void begin(struct patching *patching);

static void refuse(struct patching *patching, enum hy_code code) {
    request_refuse(patching->request, (struct hy_error){.code = code});
}

static void show(void *context, struct member_view *view) {
    (void)context;
    members_show(view, 200);
}

// Each time that one loses, another has come through: so it ends for everybody who waits.
static bool has_time(const struct request *request) {
    uint64_t passed_ns = hy_clock_monotonic_ns() - request->started_ns;
    return (int64_t)(passed_ns / 1000000) < request->gateway->answer_timeout_ms;
}

static void answered(void *context, const Huiyuan__V1__Answer *answer) {
    struct patching *patching = context;
    if (outcome_counts(answer))
        member_view_read(members_view(patching->request, patching->request->id, show, NULL), 0);
    else if (outcome_code(answer) != HY_MEMBER_CHANGED || patching->if_match != NULL)
        outcome_refuse(patching->request, answer);
    else if (has_time(patching->request))
        begin(patching);
    else
        outcome_away(patching->request);
}

static bool is_personal(const struct hy_member_fields *fields) {
    return fields->name != NULL || fields->birthday != NULL || fields->email != NULL;
}

// The personal data with what was said over it, sealed with the member's key. False: it cannot be opened.
static bool seal_anew(struct patching *patching, const struct member_view *view,
                      Huiyuan__V1__UpdateMember *update) {
    struct request *request = patching->request;
    struct hy_member_key key;
    if (view->profile->personal == NULL ||
        !personal_key_open(request->gateway->kek, view->member_id, view->wrapped_key, &request->arena, &key))
        return false;
    Huiyuan__V1__PersonalData *personal =
        personal_open(&key, view->member_id, view->profile->personal, &request->arena);
    if (personal != NULL) {
        personal_merge(personal, &patching->fields);
        update->personal = personal_seal(&key, view->member_id, personal, &request->arena);
        update->birthday = hy_birthday_number(personal->birthday);
    }
    hy_member_key_wipe(&key);
    return personal != NULL;
}

static void send(struct patching *patching, const struct member_view *view) {
    Huiyuan__V1__UpdateMember update = HUIYUAN__V1__UPDATE_MEMBER__INIT;
    update.version = view->profile->version;
    update.language = patching->fields.language;
    consents_said(&patching->fields, &patching->request->arena, &update.consents, &update.n_consents);
    if (is_personal(&patching->fields) && !seal_anew(patching, view, &update)) {
        outcome_away(patching->request); // the key is not in Redis yet, or again
        return;
    }
    Huiyuan__V1__Command command = HUIYUAN__V1__COMMAND__INIT;
    command.body_case = HUIYUAN__V1__COMMAND__BODY_UPDATE_MEMBER;
    command.update_member = &update;
    send_name(&patching->sending, NULL);
    send_command(&patching->sending, &command);
}

static bool says_nothing(const struct hy_member_fields *fields) {
    bool says = is_personal(fields) || fields->language != HUIYUAN__V1__LANGUAGE__LANGUAGE_UNSPECIFIED;
    for (int channel = 1; channel < HY_CHANNELS; channel++)
        says = says || fields->consents[channel].said;
    return !says;
}

static void read_done(void *context, struct member_view *view) {
    struct patching *patching = context;
    if (view->profile == NULL || view->profile->version == 0)
        refuse(patching, HY_MEMBER_UNKNOWN);
    else if (view->profile->erased_at_ms > 0)
        refuse(patching, HY_MEMBER_ERASED);
    else if (patching->if_match != NULL && !etag_has_version(patching->if_match, view->profile->version))
        refuse(patching, HY_MEMBER_CHANGED);
    else if (says_nothing(&patching->fields))
        members_show(view, 200);
    else
        send(patching, view);
}

static void begin(struct patching *patching) {
    struct request *request = patching->request;
    member_view_read(members_view(request, request->id, read_done, patching), 0);
}

static void patch(struct request *request) {
    struct hy_member_fields fields;
    if (!is_member_id(request->id)) {
        members_refuse_unknown(request);
        return;
    }
    if (!members_need_kek(request) || !members_read_body(request, HY_MEMBER_PATCH, &fields) ||
        !request_await(request))
        return;
    struct patching *patching = hy_arena_zero(&request->arena, sizeof *patching);
    patching->request = request;
    patching->fields = fields;
    patching->if_match = hy_http_header(request->exchange, "If-Match");
    patching->sending = (struct sending){.request = request,
                                         .log = "members",
                                         .entity = request->id,
                                         .answered = answered,
                                         .context = patching};
    begin(patching);
}

const struct route members_patch = {
    .method = "PATCH",
    .path = "/v1/members/{member_id}",
    .operation = "patchMember",
    .summary = "Change a member's profile: what is not said stays, null takes away",
    .body = "MemberPatch",
    .roles = STORE | DESK | OPERATIONS,
    .store_nothing = true,
    .parameters = {PATH_MEMBER_ID("m0123456789abcdefghjk"),
                   {.name = "If-Match",
                    .in = "header",
                    .type = "string",
                    .example = "\"12-3.12-4.7-1.5-2.v3\"",
                    .help =
                        "An ETag of before: 412 when the profile was changed since (points, tier and coupons "
                        "may have). Without it the change is laid over whatever the profile is now."}},
    .replies = {{.status = 200, .schema = "Member", .headers = "ETag", .help = "As it is now."},
                {.status = 202,
                 .schema = "Pending",
                 .headers = "Location, Retry-After",
                 .help = "Durable, outcome not known yet: read it at the Location."}},
    .problems = {HY_MALFORMED, HY_TOO_LARGE, HY_UNSUPPORTED_MEDIA_TYPE, HY_MISSING_FIELD, HY_INVALID_FIELD,
                 HY_UNKNOWN_FIELD, HY_NOT_FOUND, HY_MEMBER_UNKNOWN, HY_MEMBER_ERASED, HY_MEMBER_CHANGED,
                 HY_TOO_MANY_REQUESTS, HY_UNAVAILABLE, HY_INTERNAL, HY_CORRUPT},
    .handle = patch,
};
