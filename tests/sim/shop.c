// What tills, the gateway and marketing publish: good, repeated, contradicting, misrouted, malformed and
// late.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/campaign/campaign.h"
#include "common/stage/keys.h"
#include "proto/projection.pb-c.h"
#include "tests/sim/shop.h"

enum { LINES = 3 };

static char *text(const char *constant) {
    return (char *)(uintptr_t)constant; // packing does not write through it
}

uint32_t shop_home(struct sim *sim, const char *entity) {
    return judge_home(&sim->judge, entity);
}

struct hy_bytes shop_packed(struct sim *sim, const ProtobufCMessage *message) {
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = hy_arena_alloc(&sim->judge.arena, size + 1);
    protobuf_c_message_pack(message, bytes);
    return hy_bytes(bytes, size);
}

void shop_put(struct sim *sim, const char *topic, uint32_t partition, const char *entity,
              struct hy_bytes bytes) {
    world_note(&sim->world, "put %s/%u %s, %zu bytes", topic, partition, entity, bytes.length);
    hy_mem_broker_append(sim->world.broker, topic, partition, hy_bytes_of(entity), bytes);
}

// Where it belongs, or seldom somewhere else; and remembered, to be published again.
void shop_remember(struct sim *sim, const char *topic, const char *entity, struct hy_bytes bytes) {
    struct sim_past *past = &sim->past[sim->past_count++ % SIM_PAST];
    uint32_t partition = shop_home(sim, entity);
    if (sim_draw(sim, 10) == 0) partition = sim_draw(sim, sim->world.options.partitions);
    snprintf(past->topic, sizeof past->topic, "%s", topic);
    snprintf(past->entity, sizeof past->entity, "%s", entity);
    past->partition = partition;
    sim->events[EVENT_MISROUTED] += partition != shop_home(sim, entity);
    past->bytes = bytes;
    shop_put(sim, topic, partition, entity, bytes);
}

static int64_t now(const struct sim *sim) {
    return sim->world.now_ms;
}

// By the log: only there to make histories that matter.
static const char *some_enrolled(struct sim *sim) {
    uint32_t partition = sim_draw(sim, sim->world.options.partitions);
    const struct judge_track *track = &sim->judge.tracks[LOG_CAMPAIGNS][partition];
    for (size_t tries = 0; tries < 8 && track->entity_count > 0; tries++) {
        const char *id = track->entities[sim_draw(sim, (unsigned)track->entity_count)]->id;
        if (strchr(id, '/') == NULL) return id;
    }
    return NULL;
}

const char *shop_member(struct sim *sim) {
    const char *enrolled = sim_draw(sim, 4) > 0 ? some_enrolled(sim) : NULL;
    if (enrolled != NULL) return enrolled;
    if (sim->member_count == 0 || sim_draw(sim, 12) == 0) return "stranger";
    return sim->members[sim_draw(sim, (unsigned)sim->member_count)];
}

// --- purchases

static int64_t purchase_time(struct sim *sim) {
    switch (sim_draw(sim, 40)) {
    case 0: return now(sim) - 100 * SIM_DAY_MS; // older than the window, when there is a newer one
    case 1: return now(sim) + 40 * SIM_DAY_MS;  // has not come
    case 2: return INT64_C(1420070400000);      // before any program
    case 3:
    case 4:
    case 5: return now(sim) - (int64_t)sim_draw(sim, 30) * SIM_DAY_MS;
    default: return now(sim) - (int64_t)sim_draw(sim, 5000);
    }
}

// A purchase and the room for what it points at.
struct basket {
    Huiyuan__V1__Purchase purchase;
    Huiyuan__V1__PurchaseLine lines[LINES], *line_list[LINES];
    Huiyuan__V1__Payment payments[2], *payment_list[2];
    char id[32], member[112];
};

static int64_t add_lines(struct sim *sim, struct basket *basket) {
    static const char *const line_ids[LINES] = {"1", "2", "3"};
    int64_t total_fen = 0;
    size_t count = 1 + sim_draw(sim, LINES);
    for (size_t i = 0; i < count && i < LINES; i++) {
        Huiyuan__V1__PurchaseLine *line = basket->line_list[i] = &basket->lines[i];
        huiyuan__v1__purchase_line__init(line);
        line->line_id = text(line_ids[i]);
        line->paid_fen = sim_draw(sim, 8) == 0 ? sim_draw(sim, 600) : 1 + sim_draw(sim, 12000);
        total_fen += line->paid_fen;
    }
    basket->purchase.lines = basket->line_list;
    basket->purchase.n_lines = count;
    return total_fen;
}

// Some of it with a gift card; now and then it does not add up.
static void add_payments(struct sim *sim, struct basket *basket, int64_t total_fen) {
    for (int i = 0; i < 2; i++)
        huiyuan__v1__payment__init(basket->payment_list[i] = &basket->payments[i]);
    basket->payments[0].method = HUIYUAN__V1__PAYMENT_METHOD__GIFT_CARD;
    basket->payments[0].amount_fen = sim_draw(sim, (unsigned)total_fen + 1);
    basket->payments[1].method = HUIYUAN__V1__PAYMENT_METHOD__WECHAT;
    basket->payments[1].amount_fen = total_fen - basket->payments[0].amount_fen + (sim_draw(sim, 12) == 0);
    basket->purchase.payments = basket->payment_list;
    basket->purchase.n_payments = 2;
}

static void fill(struct sim *sim, struct basket *basket) {
    Huiyuan__V1__Purchase *purchase = &basket->purchase;
    huiyuan__v1__purchase__init(purchase);
    snprintf(basket->id, sizeof basket->id, "p%u", sim->serial++);
    snprintf(basket->member, sizeof basket->member, "%s", shop_member(sim));
    purchase->purchase_id = basket->id;
    purchase->member_id = basket->member;
    purchase->store_id = text("s1");
    purchase->channel = HUIYUAN__V1__CHANNEL__STORE;
    purchase->occurred_at_ms = purchase_time(sim);
    int64_t total_fen = add_lines(sim, basket);
    if (sim_draw(sim, 4) == 0) add_payments(sim, basket, total_fen);
    if (sim_draw(sim, 30) == 0) purchase->currency = text("USD");
    if (sim_draw(sim, 40) == 0) basket->id[0] = '\0';
}

static void buy(struct sim *sim) {
    struct basket basket;
    char command_id[HY_COMMAND_ID_BYTES];
    fill(sim, &basket);
    Huiyuan__V1__StoreEvent event = HUIYUAN__V1__STORE_EVENT__INIT;
    event.event_case = HUIYUAN__V1__STORE_EVENT__EVENT_PURCHASE;
    event.purchase = &basket.purchase;
    if (sim_draw(sim, 3) == 0) { // by the gateway
        hy_command_id_make(command_id, shop_home(sim, basket.member), basket.member, basket.id);
        event.command_id = command_id;
        event.reply_to = text("gateway");
    }
    shop_remember(sim, "purchases", basket.member, shop_packed(sim, &event.base));
}

// The same purchase id with another amount.
static void contradict_purchase(struct sim *sim, const struct sim_past *past) {
    Huiyuan__V1__StoreEvent *event =
        huiyuan__v1__store_event__unpack(&sim->judge.arena.protobuf, past->bytes.length, past->bytes.data);
    if (event == NULL || event->purchase == NULL || event->purchase->n_payments > 0) return;
    event->purchase->lines[0]->paid_fen++;
    shop_put(sim, "purchases", past->partition, past->entity, shop_packed(sim, &event->base));
}

// --- coupons

// One that a member has, by the log; NULL: none yet.
static const char *some_coupon(struct sim *sim) {
    const char *codes[SIM_CODES];
    size_t count = 0;
    for (uint32_t p = 0; p < sim->world.options.partitions; p++) {
        const struct judge_track *track = &sim->judge.tracks[LOG_CAMPAIGNS][p];
        for (size_t i = 0; i < track->entity_count && count < SIM_CODES; i++) {
            if (strncmp(track->entities[i]->id, "coupon/", 7) == 0) codes[count++] = track->entities[i]->id;
        }
    }
    return count == 0 ? NULL : codes[sim_draw(sim, (unsigned)count)];
}

// Several tills at once, some of them twice.
static void redeem(struct sim *sim) {
    const char *coupon = some_coupon(sim);
    char unknown[32] = "coupon/";
    static const uint8_t secret[HY_COUPON_SECRET_BYTES] = {1};
    if (coupon == NULL || sim_draw(sim, 12) == 0) {
        hy_coupon_code_make(unknown + 7, secret, "nobody", "birthday", "1999");
        coupon = unknown;
    }
    for (unsigned tills = 1 + sim_draw(sim, 3); tills > 0; tills--) {
        char redemption[16], store[16];
        snprintf(redemption, sizeof redemption, "r%u", sim_draw(sim, 5));
        snprintf(store, sizeof store, "s%u", sim_draw(sim, 3));
        Huiyuan__V1__RedeemCoupon redeems = HUIYUAN__V1__REDEEM_COUPON__INIT;
        redeems.store_id = store;
        redeems.redemption_id = redemption;
        redeems.redeemed_at_ms = now(sim);
        Huiyuan__V1__Command command = HUIYUAN__V1__COMMAND__INIT;
        command.body_case = HUIYUAN__V1__COMMAND__BODY_REDEEM_COUPON;
        command.redeem_coupon = &redeems;
        shop_send(sim, &command, "campaigns", coupon, shop_name(sim));
    }
}

// The same command id: a retry that draws another member, which means the same, or something else.
static void contradict_command(struct sim *sim, const struct sim_past *past) {
    Huiyuan__V1__Command *command =
        huiyuan__v1__command__unpack(&sim->judge.arena.protobuf, past->bytes.length, past->bytes.data);
    if (command == NULL) return;
    if (command->body_case == HUIYUAN__V1__COMMAND__BODY_ENROL_MEMBER && sim_draw(sim, 2) == 0)
        command->enrol_member->member_id = text(hy_arena_printf(&sim->judge.arena, "retry%u", sim->drawn++));
    else if (command->body_case == HUIYUAN__V1__COMMAND__BODY_ENROL_MEMBER)
        command->enrol_member->profile->language = HUIYUAN__V1__LANGUAGE__EN;
    else if (command->body_case == HUIYUAN__V1__COMMAND__BODY_UPDATE_MEMBER)
        command->update_member->language = HUIYUAN__V1__LANGUAGE__EN;
    else if (command->body_case == HUIYUAN__V1__COMMAND__BODY_REDEEM_COUPON)
        command->redeem_coupon->redemption_id = text("other");
    shop_put(sim, "commands", past->partition, past->entity, shop_packed(sim, &command->base));
}

// --- what is no good

static void publish_bad(struct sim *sim) {
    static const char long_text[256 * 1024 + 100];
    uint32_t partition = sim_draw(sim, sim->world.options.partitions);
    const char *topic = sim_draw(sim, 2) == 0 ? "purchases" : "commands";
    Huiyuan__V1__Command command = HUIYUAN__V1__COMMAND__INIT;
    Huiyuan__V1__EraseMember erases = HUIYUAN__V1__ERASE_MEMBER__INIT;
    Huiyuan__V1__ReleaseIdentity releases = HUIYUAN__V1__RELEASE_IDENTITY__INIT;
    switch (sim_draw(sim, 6)) {
    case 0: shop_put(sim, topic, partition, "", hy_bytes_of("\xff nonsense")); return;
    case 1:
        if (sim_draw(sim, 8) == 0)
            shop_put(sim, "purchases", partition, "", hy_bytes(long_text, sizeof long_text));
        return;
    case 2: shop_put(sim, "purchases", partition, "", hy_bytes("", 0)); return;
    case 3: // what only services may say
        releases.member_id = text("m0");
        command.body_case = HUIYUAN__V1__COMMAND__BODY_RELEASE_IDENTITY;
        command.release_identity = &releases;
        shop_send(sim, &command, "members", "phone/n0", shop_name(sim));
        return;
    default: // to a service that does not know it
        command.body_case = HUIYUAN__V1__COMMAND__BODY_ERASE_MEMBER;
        command.erase_member = &erases;
        shop_send(sim, &command, judge_services[1 + sim_draw(sim, LOGS - 1)].log, shop_member(sim),
                  shop_name(sim));
    }
}

// A message of anybody, also of a service, arrives once more: its producer did not hear that it had arrived.
static void come_again(struct sim *sim) {
    const char *topic = sim_draw(sim, 4) == 0 ? "purchases" : "commands";
    uint32_t partition = sim_draw(sim, sim->world.options.partitions);
    int64_t end = hy_mem_broker_end(sim->world.broker, topic, partition);
    struct hy_message message;
    if (end == 0 || !hy_mem_broker_read(sim->world.broker, topic, partition,
                                        (int64_t)world_draw(&sim->world, (uint64_t)end), &message))
        return;
    sim->events[EVENT_MESSAGE_AGAIN]++;
    world_note(&sim->world, "%s/%u offset %" PRId64 " comes again", topic, partition, message.offset);
    hy_mem_broker_append(sim->world.broker, topic, partition, message.key, message.value);
}

static void again(struct sim *sim) {
    size_t known = sim->past_count < SIM_PAST ? sim->past_count : SIM_PAST;
    if (known == 0 || sim_draw(sim, 4) == 0) {
        come_again(sim);
        return;
    }
    const struct sim_past *past = &sim->past[sim_draw(sim, (unsigned)known)];
    bool purchase = strcmp(past->topic, "purchases") == 0;
    if (sim_draw(sim, 4) == 0)
        (purchase ? contradict_purchase : contradict_command)(sim, past);
    else
        shop_put(sim, past->topic, past->partition, past->entity, past->bytes);
}

void shop_publish(struct sim *sim) {
    for (unsigned count = 1 + sim_draw(sim, 3); count > 0; count--) {
        unsigned kind = sim_draw(sim, 100);
        if (kind < 45)
            buy(sim);
        else if (kind < 60)
            shop_enrol(sim);
        else if (kind < 67)
            shop_update(sim);
        else if (kind < 70)
            shop_erase(sim);
        else if (kind < 80)
            redeem(sim);
        else if (kind < 96)
            again(sim);
        else
            publish_bad(sim);
    }
}

// --- documents

static unsigned next_version(const struct sim *sim, enum document_kind kind) {
    unsigned version = 1;
    for (size_t i = 0; i < sim->documents.count; i++)
        version += sim->documents.items[i].kind == kind;
    return version;
}

static void draw_program(struct sim *sim, struct document *document) {
    static const int multipliers[DOCUMENT_TIERS] = {100, 120, 150, 200};
    document->base = sim_draw(sim, 3) == 0 ? 150 : 100;
    document->lapse_months = sim_draw(sim, 2) == 0 ? 1 : 0;
    int above = 100 + (int)sim_draw(sim, 100);
    for (int i = 0; i < DOCUMENT_TIERS; i++, above *= 2) {
        document->multiplier[i] = multipliers[i] + (document->version > 1 && i > 0 ? 10 : 0);
        document->growth_above[i] = above;
    }
}

static void draw_campaign(struct sim *sim, struct document *document) {
    document->control_share = sim_draw(sim, 3) == 0 ? 20 : 0;
    document->hour = (int)sim_draw(sim, 24);
    document->days_before = (int)sim_draw(sim, 5);
    document->budget = 1 + (int)sim_draw(sim, 4);
    document->valid_days = 1 + (int)sim_draw(sim, 20);
    document->upper_tiers = sim_draw(sim, 4) == 0;
    document->day = 15 + (int)sim_draw(sim, 17);
    document->factor = sim_draw(sim, 2) == 0 ? 200 : 150;
}

void shop_document(struct sim *sim) {
    if (sim->documents.count == DOCUMENTS_LIMIT) return;
    struct document *document = &sim->documents.items[sim->documents.count];
    // The first of each kind come in order; then anything.
    enum document_kind kind = sim->documents.count < 3 ? (enum document_kind)sim->documents.count
                                                       : (enum document_kind)sim_draw(sim, 3);
    *document = (struct document){.kind = kind, .version = next_version(sim, kind)};
    document->from_ms = document->version == 1
                            ? INT64_C(1672531200000)
                            : now(sim) / 1000 * 1000 - SIM_DAY_MS + (int64_t)sim_draw(sim, 48) * 3600 * 1000;
    if (kind == DOCUMENT_PROGRAM)
        draw_program(sim, document);
    else
        draw_campaign(sim, document);
    document->published_ms = now(sim);
    sim->documents.count++;
    sim->events[EVENT_DOCUMENT] += sim->documents.count > 3;
    const char *key;
    struct hy_bytes message = document_message(document, now(sim), &key, &sim->judge.arena);
    world_note(&sim->world, "publish %s", key);
    shop_put(sim, "program", 0, key, message);
}
