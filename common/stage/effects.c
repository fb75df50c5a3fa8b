// What a block wants done in the world outside: kept until it is durable, then handed to the brain, once.
#include "common/base/memory.h"
#include "common/stage/tenure.h"

void effects_add(struct hy_tenure *tenure, const char *member_id, struct hy_bytes effect) {
    size_t id_size = strlen(member_id) + 1;
    struct hy_effect *item = hy_malloc(sizeof *item + effect.length + id_size);
    item->next = NULL;
    item->length = effect.length;
    memcpy(item->bytes, effect.data, effect.length);
    item->member_id = (char *)item->bytes + effect.length;
    memcpy(item->member_id, member_id, id_size);
    *tenure->block.effects_end = item;
    tenure->block.effects_end = &item->next;
}

void effects_do(struct hy_tenure *tenure) {
    const struct hy_brain *brain = tenure->stage->brain;
    for (const struct hy_effect *item = tenure->block.effects; item != NULL; item = item->next)
        brain->effect(brain->context, item->member_id, hy_bytes(item->bytes, item->length));
    effects_free(&tenure->block);
}

void effects_free(struct hy_block *block) {
    while (block->effects != NULL) {
        struct hy_effect *next = block->effects->next;
        hy_free(block->effects);
        block->effects = next;
    }
    block->effects_end = &block->effects;
}
