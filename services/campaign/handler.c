// Campaign as a brain of the stage.
#include "common/contract/limits.h"
#include "common/program/published.h"
#include "services/campaign/campaign.h"

enum { SOURCE_MEMBERS, SOURCE_TIERS, SOURCE_COMMANDS };
enum { TALLY_ISSUED, TALLY_REDEEMED, TALLY_DENIED, TALLY_HELD_OUT };

static const char *const sources[] = {"members", "tiers", "commands"};
static const char *const references[] = {"program"};
static const char *const tallies[] = {"issued", "redeemed", "denied", "held_out"};

static struct hy_error read_input(void *context, uint32_t source, struct hy_bytes message,
                                  struct hy_arena *arena, struct hy_input *ret_input) {
    (void)context;
    (void)source;
    return campaign_read(message, arena, ret_input);
}

static struct hy_error read_record(void *context, uint32_t source, const Huiyuan__V1__Record *record,
                                   struct hy_arena *arena, struct hy_input *ret_input) {
    (void)context;
    return source == SOURCE_MEMBERS ? campaign_read_member(record, arena, ret_input)
                                    : campaign_read_tier(record, arena, ret_input);
}

void campaign_refer(struct campaign *campaign, struct hy_bytes message) {
    campaign->documents++;
    if (!hy_campaigns_take(&campaign->campaigns, message, campaign->load_zone) ||
        !hy_programs_take(&campaign->programs, message, campaign->load_zone))
        campaign->unreadable = true;
}

static void refer(void *context, uint32_t reference, struct hy_bytes key, struct hy_bytes value) {
    (void)reference;
    (void)key;
    if (value.data != NULL) campaign_refer(context, value);
}

static bool ready(void *context, const char **ret_reason) {
    const struct campaign *campaign = context;
    if (campaign->unreadable) *ret_reason = "a published campaign or program cannot be read";
    return !campaign->unreadable;
}

static void decide(void *context, const void *state, const struct hy_input *input, int64_t now_ms,
                   struct hy_arena *arena, struct hy_decision *ret_decision) {
    static const Huiyuan__V1__CampaignState nothing = HUIYUAN__V1__CAMPAIGN_STATE__INIT;
    const struct campaign_state *entity = state;
    struct campaign_case in = {context, entity->kept != NULL ? entity->kept : &nothing, input, now_ms, arena};
    switch (input->kind) {
    case CAMPAIGN_MEMBER: campaign_member_seen(&in, ret_decision); return;
    case CAMPAIGN_TIER: campaign_tier_seen(&in, ret_decision); return;
    case HY_KIND_TIMER: campaign_look(&in, ret_decision); return;
    case CAMPAIGN_RESERVE: campaign_reserve(&in, ret_decision); return;
    case CAMPAIGN_SETTLE: campaign_settle(&in, ret_decision); return;
    case CAMPAIGN_OPEN: campaign_coupon_open(&in, ret_decision); return;
    case CAMPAIGN_REDEEM: campaign_coupon_redeem(&in, ret_decision); return;
    default: campaign_spent(&in, ret_decision); // CAMPAIGN_REDEEMED: read.c lets nothing else through
    }
}

static void evolve(void *context, void *state, const Huiyuan__V1__Record *record,
                   const ProtobufCMessage *body) {
    (void)context;
    (void)record;
    campaign_evolve(state, (const Huiyuan__V1__CampaignChange *)body);
}

static void tally(void *context, int64_t *totals, const Huiyuan__V1__Record *record,
                  const ProtobufCMessage *body) {
    (void)context;
    (void)record;
    switch (((const Huiyuan__V1__CampaignChange *)body)->kind) {
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_ISSUED: totals[TALLY_ISSUED]++; break;
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_USED_UP: totals[TALLY_REDEEMED]++; break;
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__COUPON_DENIED: totals[TALLY_DENIED]++; break;
    case HUIYUAN__V1__CAMPAIGN_CHANGE_KIND__HELD_OUT: totals[TALLY_HELD_OUT]++; break;
    default: break;
    }
}

static int64_t due(void *context, const void *state) {
    const struct campaign_state *entity = state;
    return entity->kept == NULL ? 0 : campaign_due(context, entity->kept);
}

static uint64_t due_version(void *context) {
    return ((const struct campaign *)context)->documents;
}

// To a till.
static ProtobufCMessage *answer(void *context, const struct hy_input *input, struct hy_bytes note_bytes,
                                struct hy_arena *arena) {
    (void)context;
    (void)input;
    const Huiyuan__V1__CampaignNote *note =
        huiyuan__v1__campaign_note__unpack(&arena->protobuf, note_bytes.length, note_bytes.data);
    if (note == NULL || note->coupon == NULL) return NULL;
    Huiyuan__V1__CouponAnswer *made = hy_arena_alloc(arena, sizeof *made);
    huiyuan__v1__coupon_answer__init(made);
    made->code = note->coupon->code;
    made->member_id = note->member_id;
    made->coupon = note->coupon;
    return &made->base;
}

static void save(void *context, const void *state, struct hy_buffer *out) {
    (void)context;
    campaign_save(state, out);
}

static bool load(void *context, struct hy_bytes saved, void *ret_state) {
    (void)context;
    return campaign_load(saved, ret_state);
}

static void release(void *context, void *state) {
    (void)context;
    campaign_state_free(state);
}

static bool check(void *context, const void *state, const char **ret_reason) {
    (void)context;
    return campaign_check(state, ret_reason);
}

void campaign_init(struct campaign *campaign, hy_zone_loader load_zone) {
    *campaign = (struct campaign){.load_zone = load_zone};
    hy_programs_init(&campaign->programs);
}

void campaign_free(struct campaign *campaign) {
    hy_programs_free(&campaign->programs);
    hy_campaigns_free(&campaign->campaigns);
}

struct hy_brain campaign_brain(struct campaign *campaign, int64_t window_ms) {
    return (struct hy_brain){
        .context = campaign,
        .log = "campaigns",
        .sources = sources,
        .source_count = sizeof sources / sizeof sources[0],
        .window_ms = {window_ms},
        .tallies = tallies,
        .tally_count = sizeof tallies / sizeof tallies[0],
        .body = &huiyuan__v1__campaign_change__descriptor,
        .message_limit = HY_MESSAGE_LIMIT_BYTES,
        .future_limit_ms = HY_FUTURE_LIMIT_MS,
        .state_bytes = sizeof(struct campaign_state),
        .references = references,
        .reference_count = sizeof references / sizeof references[0],
        .read = read_input,
        .read_record = read_record,
        .refer = refer,
        .ready = ready,
        .decide = decide,
        .evolve = evolve,
        .tally = tally,
        .due = due,
        .due_version = due_version,
        .answer = answer,
        .save = save,
        .load = load,
        .release = release,
        .check = check,
    };
}
