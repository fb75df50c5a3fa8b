// What the gateway sends about members: as services/gateway/members_post.c and its neighbours do.
#include <stdio.h>
#include <string.h>

#include "common/stage/keys.h"
#include "proto/projection.pb-c.h"
#include "tests/sim/shop.h"

static char *text(const char *constant) {
    return (char *)(uintptr_t)constant; // packing does not write through it
}

void shop_send(struct sim *sim, Huiyuan__V1__Command *command, const char *to, const char *entity,
               const char *input) {
    char *command_id = hy_arena_alloc(&sim->judge.arena, HY_COMMAND_ID_BYTES);
    hy_command_id_make(command_id, shop_home(sim, entity), entity, input);
    command->command_id = command_id;
    command->member_id = text(entity);
    command->to = text(to);
    command->issued_at_ms = sim->world.now_ms;
    command->reply_to = text("gateway");
    shop_remember(sim, "commands", entity, shop_packed(sim, &command->base));
}

const char *shop_name(struct sim *sim) {
    return hy_arena_printf(&sim->judge.arena, "c%u", sim->serial++);
}

// A birthday in the weeks to come, or none.
static uint32_t birthday(struct sim *sim) {
    if (sim_draw(sim, 6) == 0) return 0;
    int32_t year, month, day;
    int32_t today = (int32_t)((sim->world.now_ms + SIM_EAST_MS) / SIM_DAY_MS);
    hy_day_date(today + (int32_t)sim_draw(sim, 25), &year, &month, &day);
    return (uint32_t)(month * 100 + day);
}

struct consents {
    Huiyuan__V1__Consent items[2], *list[2];
    size_t count;
};

static void say_consents(struct sim *sim, struct consents *consents) {
    consents->count = 0;
    for (int i = 0; i < 2; i++) {
        if (sim_draw(sim, 4) == 0) continue;
        Huiyuan__V1__Consent *consent = &consents->items[consents->count];
        huiyuan__v1__consent__init(consent);
        consent->channel = i == 0 ? HUIYUAN__V1__CONTACT_CHANNEL__EMAIL : HUIYUAN__V1__CONTACT_CHANNEL__SMS;
        consent->granted = sim_draw(sim, 4) > 0;
        consents->list[consents->count++] = consent;
    }
}

static Huiyuan__V1__Sealed *seal(struct sim *sim) {
    Huiyuan__V1__Sealed *sealed = hy_arena_alloc(&sim->judge.arena, sizeof *sealed);
    huiyuan__v1__sealed__init(sealed);
    sealed->nonce = (ProtobufCBinaryData){24, hy_arena_zero(&sim->judge.arena, 24)};
    sealed->ciphertext = (ProtobufCBinaryData){40, hy_arena_zero(&sim->judge.arena, 40)};
    snprintf((char *)sealed->nonce.data, 24, "n%u", sim->serial);
    return sealed;
}

static bool is_known(struct sim *sim, const char *identity) {
    struct hy_key_space space = {sim->world.options.redis_prefix, "members", shop_home(sim, identity)};
    struct hy_key key = hy_key_member(&space, identity);
    return hy_mem_table_get(sim->world.table, hy_key_bytes(&key)).data != NULL;
}

// As services/gateway/members_post.c does: the key is durable, then in Redis, then the identity is asked. A
// gateway may die in between, or two may do it at once.
void shop_enrol(struct sim *sim) {
    char identity[32];
    snprintf(identity, sizeof identity, "phone/n%u", sim_draw(sim, sim->phones));
    if (sim->member_count == SIM_MEMBERS || (is_known(sim, identity) && sim_draw(sim, 3) > 0)) return;
    char *member = sim->members[sim->member_count];
    snprintf(member, sizeof sim->members[0], "m%u-%u", sim->drawn++, (unsigned)(sim->seed % 97));
    struct hy_bytes key = hy_bytes_of(hy_arena_printf(&sim->judge.arena, "key of %s", member));
    shop_put(sim, "member-keys", shop_home(sim, member), member, key);
    if (sim_draw(sim, 20) == 0 || sim->table_away) {
        sim->events[EVENT_GATEWAY_DIED]++;
        return;
    }
    struct hy_key name = hy_key_member_key(sim->world.options.redis_prefix, shop_home(sim, member), member);
    if (hy_mem_table_get(sim->world.table, hy_key_bytes(&name)).data == NULL)
        hy_mem_table_set(sim->world.table, hy_key_bytes(&name), key);
    if (sim_draw(sim, 20) == 0) return;
    sim->member_count++;
    struct consents consents;
    say_consents(sim, &consents);
    Huiyuan__V1__OpenMember profile = HUIYUAN__V1__OPEN_MEMBER__INIT;
    profile.personal = seal(sim);
    profile.birthday = birthday(sim);
    profile.language = HUIYUAN__V1__LANGUAGE__ZH;
    profile.consents = consents.list;
    profile.n_consents = consents.count;
    Huiyuan__V1__EnrolMember enrols = HUIYUAN__V1__ENROL_MEMBER__INIT;
    enrols.member_id = member;
    enrols.profile = &profile;
    Huiyuan__V1__Command command = HUIYUAN__V1__COMMAND__INIT;
    command.body_case = HUIYUAN__V1__COMMAND__BODY_ENROL_MEMBER;
    command.enrol_member = &enrols;
    shop_send(sim, &command, "members", identity, shop_name(sim));
}

// As a caller reads it; 0: Redis does not know.
static uint32_t version_of(struct sim *sim, const char *member) {
    struct hy_key_space space = {sim->world.options.redis_prefix, "members", shop_home(sim, member)};
    struct hy_key key = hy_key_member(&space, member);
    struct hy_bytes bytes = hy_mem_table_get(sim->world.table, hy_key_bytes(&key));
    ProtobufCAllocator *arena = &sim->judge.arena.protobuf;
    const Huiyuan__V1__MemberState *saved =
        bytes.data == NULL ? NULL : huiyuan__v1__member_state__unpack(arena, bytes.length, bytes.data);
    const Huiyuan__V1__MemberProfile *profile =
        saved == NULL ? NULL
                      : huiyuan__v1__member_profile__unpack(arena, saved->state.len, saved->state.data);
    return profile == NULL ? 0 : profile->version;
}

void shop_update(struct sim *sim) {
    char member[112];
    snprintf(member, sizeof member, "%s", shop_member(sim));
    struct consents consents;
    say_consents(sim, &consents);
    Huiyuan__V1__UpdateMember updates = HUIYUAN__V1__UPDATE_MEMBER__INIT;
    updates.version = version_of(sim, member);
    updates.consents = consents.list;
    updates.n_consents = consents.count;
    if (sim_draw(sim, 3) == 0) {
        updates.personal = seal(sim);
        updates.birthday = birthday(sim);
    }
    Huiyuan__V1__Command command = HUIYUAN__V1__COMMAND__INIT;
    command.body_case = HUIYUAN__V1__COMMAND__BODY_UPDATE_MEMBER;
    command.update_member = &updates;
    shop_send(sim, &command, "members", member, shop_name(sim));
}

void shop_erase(struct sim *sim) {
    Huiyuan__V1__EraseMember erases = HUIYUAN__V1__ERASE_MEMBER__INIT;
    Huiyuan__V1__Command command = HUIYUAN__V1__COMMAND__INIT;
    command.body_case = HUIYUAN__V1__COMMAND__BODY_ERASE_MEMBER;
    command.erase_member = &erases;
    shop_send(sim, &command, "members", shop_member(sim), shop_name(sim));
}
