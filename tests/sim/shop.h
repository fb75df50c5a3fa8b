// Between the files of the shop.
#pragma once

#include "tests/sim/sim.h"

uint32_t shop_home(struct sim *sim, const char *entity);
struct hy_bytes shop_packed(struct sim *sim, const ProtobufCMessage *message); // in the judge's arena
void shop_put(struct sim *sim, const char *topic, uint32_t partition, const char *entity,
              struct hy_bytes bytes);
// Where it belongs, or seldom somewhere else; and remembered, to be published again.
void shop_remember(struct sim *sim, const char *topic, const char *entity, struct hy_bytes bytes);
const char *shop_member(struct sim *sim); // mostly one who is enrolled
const char *shop_name(struct sim *sim);   // never used before
// A command from the gateway; `input` names it.
void shop_send(struct sim *sim, Huiyuan__V1__Command *command, const char *to, const char *entity,
               const char *input);

// shop_members.c
void shop_enrol(struct sim *sim);
void shop_update(struct sim *sim);
void shop_erase(struct sim *sim);
