// POST /v1/members: somebody enrols with a phone.
//
// A member id and a key are drawn, the key is made durable in `member-keys` and put into Redis, and only then
// the identity that the phone means is asked: whoever was first is the member. A key that was drawn for
// nobody is dropped by a tombstone: by member when the identity was held, here when it was a repetition. One
// whose gateway died before it asked stays: a key to nothing.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "services/gateway/endpoints.h"
#include "services/gateway/members.h"
#include "services/gateway/outcome.h"
#include "services/gateway/personal.h"
#include "services/gateway/prefer.h"
#include "services/gateway/render.h"
#include "services/gateway/request.h"
#include "services/gateway/send.h"

#define KEY_BOUND_MS (INT64_C(24) * 3600 * 1000)

struct enrolment {
    struct request *request;
    struct hy_member_fields fields;
    const char *idempotency_key;     // NULL: none
    char hash[HY_PHONE_INDEX_BYTES]; // of what was said; keyed, because it can be guessed
    const char *identity;
    struct sending sending;

    struct hy_key keys[2]; // the identity, and the answer of the same request
    struct hy_bytes key_bytes[2];
    struct engine_bind bind;
    struct engine_read look;

    char member_id[HY_MEMBER_ID_BYTES]; // drawn; empty: not yet
    struct hy_member_key key;
    struct hy_bytes wrapped;
    struct hy_key redis_key;
    struct engine_append append;
    bool repeated;
};

// ---- what came of it

static void show_created(void *context, struct member_view *view) {
    struct enrolment *enrolment = context;
    struct request *request = view->request;
    if (!member_view_exists(view)) {
        outcome_pending(request, enrolment->sending.command_id);
        return;
    }
    request_header(request, "Location", hy_arena_printf(&request->arena, "/v1/members/%s", view->member_id));
    if (enrolment->repeated) request_header(request, "Idempotent-Replayed", "true");
    request_header(request, "ETag", member_view_etag(view));
    json_t *json = render_view(view);
    json_object_set_new(json, "created", json_true());
    request_answer(request, 201, json);
}

// Nothing but the id: who asks knows no more than the phone.
static void show_known(struct request *request, const char *member_id) {
    request_answer(request, 200, json_pack("{s:s, s:b}", "member_id", member_id, "created", 0));
}

static void key_dropped(void *context, enum command_outcome outcome, const Huiyuan__V1__Answer *answer) {
    (void)outcome;
    (void)answer;
    struct enrolment *enrolment = context;
    struct member_view *view =
        members_view(enrolment->request, enrolment->sending.entity, show_created, enrolment);
    member_view_read(view, enrolment->request->gateway->answer_timeout_ms);
}

static void append_key(struct enrolment *enrolment, struct hy_bytes value,
                       void (*done)(void *context, enum command_outcome outcome,
                                    const Huiyuan__V1__Answer *answer)) {
    struct gateway *gateway = enrolment->request->gateway;
    const char *name = hy_arena_printf(&enrolment->request->arena, "%c-%s", value.length > 0 ? 'k' : 't',
                                       enrolment->member_id);
    enrolment->append.topic = ENGINE_MEMBER_KEYS;
    enrolment->append.request = (struct command_request){
        .command_id = name,
        .partition = entity_partition(gateway, enrolment->member_id),
        .key = hy_bytes_of(enrolment->member_id),
        .value = value,
        .done = done,
        .context = enrolment,
    };
    engine_append(gateway->engine, &enrolment->append);
}

static void created(struct enrolment *enrolment, const char *member_id) {
    bool drawn_for_nobody = enrolment->member_id[0] != '\0' && strcmp(enrolment->member_id, member_id) != 0;
    enrolment->sending.entity = member_id; // whose page is shown
    if (drawn_for_nobody)
        append_key(enrolment, hy_bytes(NULL, 0), key_dropped);
    else
        key_dropped(enrolment, COMMAND_PENDING, NULL);
}

static void answered(void *context, const Huiyuan__V1__Answer *answer) {
    struct enrolment *enrolment = context;
    struct request *request = enrolment->request;
    const Huiyuan__V1__MemberAnswer *member = outcome_member(request, answer);
    if (!outcome_counts(answer)) {
        outcome_refuse(request, answer);
    } else if (member == NULL) {
        request_refuse(request, (struct hy_error){.code = HY_INTERNAL});
    } else if (!member->created) {
        show_known(request, member->member_id);
    } else {
        enrolment->repeated =
            enrolment->repeated || answer->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_DUPLICATE;
        created(enrolment, member->member_id);
    }
}

// ---- the way there

static void enrol(struct enrolment *enrolment) {
    struct hy_arena *arena = &enrolment->request->arena;
    Huiyuan__V1__PersonalData personal = HUIYUAN__V1__PERSONAL_DATA__INIT;
    Huiyuan__V1__OpenMember profile = HUIYUAN__V1__OPEN_MEMBER__INIT;
    Huiyuan__V1__EnrolMember enrol = HUIYUAN__V1__ENROL_MEMBER__INIT;
    Huiyuan__V1__Command command = HUIYUAN__V1__COMMAND__INIT;
    personal_merge(&personal, &enrolment->fields);
    profile.personal = personal_seal(&enrolment->key, enrolment->member_id, &personal, arena);
    hy_member_key_wipe(&enrolment->key);
    profile.birthday = hy_birthday_number(enrolment->fields.birthday);
    profile.language = enrolment->fields.language;
    if (profile.language == HUIYUAN__V1__LANGUAGE__LANGUAGE_UNSPECIFIED)
        profile.language = HUIYUAN__V1__LANGUAGE__ZH;
    consents_said(&enrolment->fields, arena, &profile.consents, &profile.n_consents);
    enrol.member_id = enrolment->member_id;
    enrol.profile = &profile;
    command.body_case = HUIYUAN__V1__COMMAND__BODY_ENROL_MEMBER;
    command.enrol_member = &enrol;
    send_command(&enrolment->sending, &command);
}

static void key_in_redis(void *context, const struct hy_store_answer *answer) {
    struct enrolment *enrolment = context;
    if (answer->status == HY_STORE_OK) {
        enrol(enrolment);
    } else {
        hy_member_key_wipe(&enrolment->key);
        outcome_away(enrolment->request);
    }
}

static void key_durable(void *context, enum command_outcome outcome, const Huiyuan__V1__Answer *answer) {
    (void)answer;
    struct enrolment *enrolment = context;
    struct gateway *gateway = enrolment->request->gateway;
    if (outcome == COMMAND_AWAY) {
        hy_member_key_wipe(&enrolment->key);
        outcome_away(enrolment->request);
        return;
    }
    enrolment->redis_key = hy_key_member_key(
        gateway->redis_prefix, entity_partition(gateway, enrolment->member_id), enrolment->member_id);
    enrolment->bind = (struct engine_bind){.key = hy_key_bytes(&enrolment->redis_key),
                                           .value = enrolment->wrapped,
                                           .done = key_in_redis,
                                           .context = enrolment};
    engine_bind(gateway->engine, &enrolment->bind);
}

static void draw(struct enrolment *enrolment) {
    struct request *request = enrolment->request;
    hy_member_id_draw(enrolment->member_id);
    personal_key_draw(request->gateway->kek, enrolment->member_id, &request->arena, &enrolment->key,
                      &enrolment->wrapped);
    append_key(enrolment, enrolment->wrapped, key_durable);
}

// Whom the identity leads to already; "" nobody.
static const char *holder(struct request *request, struct hy_bytes saved) {
    ProtobufCAllocator *arena = &request->arena.protobuf;
    const Huiyuan__V1__MemberState *state =
        saved.data == NULL ? NULL : huiyuan__v1__member_state__unpack(arena, saved.length, saved.data);
    const Huiyuan__V1__MemberProfile *identity =
        state == NULL ? NULL
                      : huiyuan__v1__member_profile__unpack(arena, state->state.len, state->state.data);
    return identity == NULL ? "" : identity->leads_to;
}

static void looked(void *context, const struct hy_store_answer *answer) {
    struct enrolment *enrolment = context;
    struct request *request = enrolment->request;
    if (answer->status != HY_STORE_OK || answer->count < 2) {
        outcome_away(request);
        return;
    }
    struct hy_bytes before = answer->values[1];
    const Huiyuan__V1__Answer *given =
        before.data == NULL
            ? NULL
            : huiyuan__v1__answer__unpack(&request->arena.protobuf, before.length, before.data);
    const char *held_by = holder(request, answer->values[0]);
    if (given != NULL) {
        enrolment->repeated = true;
        answered(enrolment, given);
    } else if (*held_by != '\0') {
        show_known(request, held_by);
    } else {
        draw(enrolment);
    }
}

// Is it known already? Then no key need be drawn.
static void look(struct enrolment *enrolment) {
    struct gateway *gateway = enrolment->request->gateway;
    struct hy_key_space space = {gateway->redis_prefix, "members",
                                 entity_partition(gateway, enrolment->identity)};
    enrolment->keys[0] = hy_key_member(&space, enrolment->identity);
    enrolment->keys[1] = hy_key_answer(&space, enrolment->sending.command_id);
    for (int i = 0; i < 2; i++)
        enrolment->key_bytes[i] = hy_key_bytes(&enrolment->keys[i]);
    enrolment->look =
        (struct engine_read){.keys = enrolment->key_bytes, .count = 2, .done = looked, .context = enrolment};
    engine_read(gateway->engine, &enrolment->look);
}

static void bound(void *context, const struct hy_store_answer *answer) {
    struct enrolment *enrolment = context;
    if (answer->status != HY_STORE_OK || answer->count == 0)
        outcome_away(enrolment->request);
    else if (!hy_bytes_equal(answer->values[0], hy_bytes_of(enrolment->hash)))
        request_refuse(enrolment->request,
                       (struct hy_error){.code = HY_IDEMPOTENCY_KEY_REUSED, .field = "Idempotency-Key"});
    else
        look(enrolment);
}

static void bind_key(struct enrolment *enrolment) {
    struct request *request = enrolment->request;
    const char *name = hy_arena_printf(&request->arena, "%sidempotency-members:%s",
                                       request->gateway->redis_prefix, enrolment->idempotency_key);
    enrolment->bind = (struct engine_bind){.key = hy_bytes_of(name),
                                           .value = hy_bytes_of(enrolment->hash),
                                           .expire_ms = KEY_BOUND_MS,
                                           .done = bound,
                                           .context = enrolment};
    engine_bind(request->gateway->engine, &enrolment->bind);
}

static const char *or_nothing(const char *text) {
    return text == NULL ? "" : text;
}

static void hash_body(struct enrolment *enrolment) {
    const struct hy_member_fields *fields = &enrolment->fields;
    struct hy_arena *arena = &enrolment->request->arena;
    const char *body =
        hy_arena_printf(arena, "%s\n%s\n%s\n%s\n%d", fields->phone, or_nothing(fields->name),
                        or_nothing(fields->birthday), or_nothing(fields->email), (int)fields->language);
    for (int channel = 1; channel < HY_CHANNELS; channel++)
        body = hy_arena_printf(arena, "%s\n%d", body,
                               fields->consents[channel].said ? 1 + fields->consents[channel].granted : 0);
    hy_blind_hash(enrolment->request->gateway->kek, hy_bytes_of(body), enrolment->hash);
}

static void start(struct request *request, const struct hy_member_fields *fields, const char *key) {
    struct enrolment *enrolment = hy_arena_zero(&request->arena, sizeof *enrolment);
    enrolment->request = request;
    enrolment->fields = *fields;
    enrolment->idempotency_key = key;
    enrolment->identity = members_identity(request, fields->phone);
    enrolment->sending = (struct sending){.request = request,
                                          .log = "members",
                                          .entity = enrolment->identity,
                                          .answered = answered,
                                          .context = enrolment};
    if (key == NULL) {
        send_name(&enrolment->sending, NULL);
        look(enrolment);
        return;
    }
    hash_body(enrolment);
    send_name(&enrolment->sending, hy_arena_printf(&request->arena, "%s\n%s", key, enrolment->hash));
    bind_key(enrolment);
}

static void post(struct request *request) {
    struct hy_member_fields fields;
    const char *key = hy_http_header(request->exchange, "Idempotency-Key");
    if (!members_need_kek(request)) return;
    if (key != NULL && !idempotency_key_parse(key, &request->arena, &key)) {
        request_refuse(request, (struct hy_error){.code = HY_INVALID_FIELD, .field = "Idempotency-Key"});
        return;
    }
    if (members_read_body(request, HY_MEMBER_NEW, &fields) && request_await(request))
        start(request, &fields, key);
}

const struct route members_post = {
    .method = "POST",
    .path = "/v1/members",
    .operation = "enrolMember",
    .summary = "Somebody enrols: only a phone is needed; the same phone is the same member",
    .body = "NewMember",
    .roles = STORE | DESK | OPERATIONS,
    .store_nothing = true,
    .parameters = {{.name = "Idempotency-Key",
                    .in = "header",
                    .type = "string",
                    .min = 1,
                    .max = 64,
                    .example = "enrol-S001-20261122-0042",
                    .help =
                        "Makes a retry safe: the same answer again, instead of 200 for a phone that is known "
                        "by now. Bound to the body for 24 hours."}},
    .replies = {{.status = 201,
                 .schema = "Member",
                 .headers = "Location, ETag, Idempotent-Replayed",
                 .help = "A new member."},
                {.status = 200,
                 .schema = "KnownMember",
                 .help = "This phone is a member already, whose id is all that is said."},
                {.status = 202,
                 .schema = "Pending",
                 .headers = "Location, Retry-After",
                 .help = "Durable, outcome not known yet: read it at the Location."}},
    .problems = {HY_MALFORMED, HY_TOO_LARGE, HY_UNSUPPORTED_MEDIA_TYPE, HY_MISSING_FIELD, HY_INVALID_FIELD,
                 HY_UNKNOWN_FIELD, HY_ID_REUSED, HY_IDEMPOTENCY_KEY_REUSED, HY_TOO_MANY_REQUESTS,
                 HY_UNAVAILABLE, HY_INTERNAL, HY_CORRUPT},
    .handle = post,
};
