// What the log of members may say: one phone leads to one member, a version follows the other, what is erased
// stays erased, and its key is gone.
#include <inttypes.h>
#include <string.h>

#include "common/stage/keys.h"
#include "tests/sim/judge.h"

typedef Huiyuan__V1__MemberChange Change;

enum { CHANNELS = 8 };
enum consent { UNSAID, REFUSED, GRANTED };

// A member or an identity, as the judge sees it.
struct own {
    enum consent consents[CHANNELS];
    uint32_t version;
    bool erased;
    const char *leads_to; // of an identity; NULL: nobody
    const char *identity; // of a member
};

enum { TALLY_ENROLLED, TALLY_ERASED, TALLY_MEMBERS };

static struct own *own_of(struct judge *judge, struct judge_entity *entity) {
    if (entity->own == NULL) entity->own = hy_arena_zero(&judge->arena, sizeof(struct own));
    return entity->own;
}

static bool decline(struct judge *judge, const struct judge_record *judged, enum hy_code code) {
    const Huiyuan__V1__Record *record = judged->record;
    if (record->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED &&
        strcmp(record->code, hy_code_name(code)) == 0)
        return true;
    return judge_fail_at(judge, judged, "outcome %d %s instead of %s", (int)record->outcome, record->code,
                         hy_code_name(code));
}

// Nothing, or one command of that kind to that key, besides a tombstone of that member.
static bool emits(struct judge *judge, const struct judge_record *judged, int body, const char *to,
                  const char *tombstone) {
    const Huiyuan__V1__Record *record = judged->record;
    size_t commands = 0, tombstones = 0;
    for (size_t i = 0; i < record->n_emissions; i++) {
        const Huiyuan__V1__Emission *emission = record->emissions[i];
        if (strcmp(emission->to, "member-keys") == 0) {
            tombstones += tombstone != NULL && strcmp(emission->key, tombstone) == 0;
            continue;
        }
        const Huiyuan__V1__Command *command = huiyuan__v1__command__unpack(
            &judge->arena.protobuf, emission->payload.len, emission->payload.data);
        commands += command != NULL && to != NULL && (int)command->body_case == body &&
                    strcmp(command->member_id, to) == 0;
    }
    if (commands == (to != NULL) && tombstones == (tombstone != NULL) &&
        record->n_emissions == commands + tombstones)
        return true;
    return judge_fail_at(judge, judged, "does not emit what follows from it");
}

static bool accepted(struct judge *judge, const struct judge_record *judged, int kind) {
    const Change *change = (const Change *)judged->body;
    if (change != NULL && (int)change->kind == kind) return true;
    return judge_fail_at(judge, judged, "kind %d, outcome %d instead of kind %d",
                         change == NULL ? 0 : (int)change->kind, (int)judged->record->outcome, kind);
}

static bool enrol(struct judge *judge, struct judge_record *judged, struct own *own) {
    const char *drawn = judged->reading.command->enrol_member->member_id;
    const Change *change = (const Change *)judged->body;
    bool known = own->leads_to != NULL;
    if (!accepted(judge, judged,
                  known ? HUIYUAN__V1__MEMBER_CHANGE_KIND__IDENTITY_KNOWN
                        : HUIYUAN__V1__MEMBER_CHANGE_KIND__IDENTITY_TAKEN))
        return false;
    if (!known) own->leads_to = drawn;
    if (strcmp(change->member_id, own->leads_to) != 0)
        return judge_fail_at(judge, judged, "leads to %s instead of %s", change->member_id, own->leads_to);
    bool drop = known && strcmp(drawn, own->leads_to) != 0;
    return emits(judge, judged, HUIYUAN__V1__COMMAND__BODY_OPEN_MEMBER, known ? NULL : drawn,
                 drop ? drawn : NULL);
}

static void say(enum consent consents[CHANNELS], Huiyuan__V1__Consent *const *said, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if ((unsigned)said[i]->channel < CHANNELS)
            consents[said[i]->channel] = said[i]->granted ? GRANTED : REFUSED;
    }
}

// The last word on each channel stands.
static bool hears(struct judge *judge, const struct judge_record *judged, struct own *own,
                  Huiyuan__V1__Consent *const *said, size_t count) {
    const Change *change = (const Change *)judged->body;
    enum consent recorded[CHANNELS] = {UNSAID};
    say(own->consents, said, count);
    say(recorded, change->consents, change->n_consents);
    return memcmp(recorded, own->consents, sizeof recorded) == 0 ||
           judge_fail_at(judge, judged, "has other consents than were given");
}

static bool open_up(struct judge *judge, struct judge_record *judged, struct own *own) {
    if (own->erased) return decline(judge, judged, HY_MEMBER_ERASED);
    if (own->version != 0) return decline(judge, judged, HY_MEMBER_CHANGED);
    if (!accepted(judge, judged, HUIYUAN__V1__MEMBER_CHANGE_KIND__ENROLLED)) return false;
    own->version = 1;
    const Huiyuan__V1__OpenMember *profile = judged->reading.command->open_member;
    own->identity = profile->identity;
    if (!hears(judge, judged, own, profile->consents, profile->n_consents)) return false;
    judge_track(judge, judged->log, judged->partition)->blocks[judged->seq].tallies[TALLY_ENROLLED]++;
    judge_track(judge, judged->log, judged->partition)->blocks[judged->seq].tallies[TALLY_MEMBERS]++;
    return emits(judge, judged, 0, NULL, NULL);
}

static bool release(struct judge *judge, struct judge_record *judged, struct own *own) {
    const char *member = judged->reading.command->release_identity->member_id;
    if (own->leads_to == NULL) return decline(judge, judged, HY_MEMBER_UNKNOWN);
    if (strcmp(own->leads_to, member) != 0) return decline(judge, judged, HY_MEMBER_CHANGED);
    own->leads_to = NULL;
    return accepted(judge, judged, HUIYUAN__V1__MEMBER_CHANGE_KIND__IDENTITY_RELEASED) &&
           emits(judge, judged, 0, NULL, NULL);
}

static bool update(struct judge *judge, struct judge_record *judged, struct own *own) {
    const Huiyuan__V1__UpdateMember *words = judged->reading.command->update_member;
    if (words->version != own->version) return decline(judge, judged, HY_MEMBER_CHANGED);
    own->version++;
    return accepted(judge, judged, HUIYUAN__V1__MEMBER_CHANGE_KIND__UPDATED) &&
           (((const Change *)judged->body)->version == own->version ||
            judge_fail_at(judge, judged, "is not version %u", own->version)) &&
           hears(judge, judged, own, words->consents, words->n_consents) &&
           emits(judge, judged, 0, NULL, NULL);
}

static bool erase(struct judge *judge, struct judge_record *judged, struct own *own) {
    if (!accepted(judge, judged, HUIYUAN__V1__MEMBER_CHANGE_KIND__ERASED)) return false;
    struct judge_block *block = &judge_track(judge, judged->log, judged->partition)->blocks[judged->seq];
    own->erased = true;
    own->version++;
    block->tallies[TALLY_ERASED]++;
    block->tallies[TALLY_MEMBERS]--;
    return emits(judge, judged, HUIYUAN__V1__COMMAND__BODY_RELEASE_IDENTITY, own->identity,
                 judged->record->member_id);
}

bool members_record(struct judge *judge, struct judge_record *judged) {
    if (judged->entity == NULL) return true;
    struct own *own = own_of(judge, judged->entity);
    switch (judged->reading.command->body_case) {
    case HUIYUAN__V1__COMMAND__BODY_ENROL_MEMBER: return enrol(judge, judged, own);
    case HUIYUAN__V1__COMMAND__BODY_OPEN_MEMBER: return open_up(judge, judged, own);
    case HUIYUAN__V1__COMMAND__BODY_RELEASE_IDENTITY: return release(judge, judged, own);
    default: break;
    }
    if (own->erased) return decline(judge, judged, HY_MEMBER_ERASED);
    if (own->version == 0) return decline(judge, judged, HY_MEMBER_UNKNOWN);
    return judged->reading.command->body_case == HUIYUAN__V1__COMMAND__BODY_UPDATE_MEMBER
               ? update(judge, judged, own)
               : erase(judge, judged, own);
}

// --- at rest

// The last that the topic says about a member's key.
static struct hy_bytes last_key(const struct judge *judge, uint32_t partition, const char *member_id) {
    struct hy_message message;
    for (int64_t at = hy_mem_broker_end(judge->broker, "member-keys", partition); at-- > 0;) {
        if (hy_mem_broker_read(judge->broker, "member-keys", partition, at, &message) &&
            hy_bytes_equal(message.key, hy_bytes_of(member_id)))
            return message.value;
    }
    return hy_bytes(NULL, 0);
}

static bool key_rest(struct judge *judge, uint32_t partition, const struct judge_entity *entity) {
    const struct own *own = entity->own;
    if (own == NULL || own->version == 0) return true;
    struct hy_key key = hy_key_member_key(judge->redis_prefix, partition, entity->id);
    struct hy_bytes in_redis = hy_mem_table_get(judge->table, hy_key_bytes(&key));
    struct hy_bytes in_topic = last_key(judge, partition, entity->id);
    if (own->erased && (in_redis.data != NULL || in_topic.length > 0))
        return judge_fail(judge, "%s is erased, but its key is still in %s", entity->id,
                          in_redis.data != NULL ? "Redis" : "member-keys");
    if (!own->erased && (in_topic.length == 0 || !hy_bytes_equal(in_redis, in_topic)))
        return judge_fail(judge, "%s is enrolled, but Redis does not have its key", entity->id);
    return true;
}

// An identity leads to a member who says so, and a member who is not erased has one that leads to it.
static bool pair_rest(struct judge *judge, const struct judge_entity *entity) {
    const struct own *own = entity->own;
    if (own == NULL || (own->leads_to == NULL && (own->identity == NULL || own->erased))) return true;
    const char *other_id = own->leads_to != NULL ? own->leads_to : own->identity;
    const struct judge_entity *other =
        judge_entity(judge, LOG_MEMBERS, judge_home(judge, other_id), other_id, false);
    const struct own *back = other == NULL ? NULL : other->own;
    const char *returns = back == NULL ? NULL : own->leads_to != NULL ? back->identity : back->leads_to;
    if (returns == NULL || strcmp(returns, entity->id) != 0 || (own->leads_to != NULL && back->erased))
        return judge_fail(judge, "%s and %s do not lead to each other", entity->id, other_id);
    return true;
}

bool members_rest(struct judge *judge) {
    for (uint32_t p = 0; p < judge->partitions; p++) {
        const struct judge_track *track = judge_track(judge, LOG_MEMBERS, p);
        for (size_t i = 0; i < track->entity_count; i++) {
            if (!key_rest(judge, p, track->entities[i]) || !pair_rest(judge, track->entities[i]))
                return false;
        }
    }
    return true;
}
