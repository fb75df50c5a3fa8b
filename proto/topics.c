#include "proto/topics.h"

#include <string.h>

const struct hy_topic hy_topics[] = {
    {"purchases", "StoreEvent", "stores, gateway", HY_KEEP_FOR_TIME, true, false},
    {"commands", "Command", "gateway, huiyuanctl, services", HY_KEEP_FOR_TIME, true, false},
    {"members", "LogMessage", "member", HY_KEEP_FOR_EVER, true, true},
    {"points", "LogMessage", "accrual", HY_KEEP_FOR_EVER, true, true},
    {"tiers", "LogMessage", "tier", HY_KEEP_FOR_EVER, true, true},
    {"campaigns", "LogMessage", "campaign", HY_KEEP_FOR_EVER, true, true},
    {"deliveries", "LogMessage", "notification", HY_KEEP_FOR_EVER, true, true},
    {"member-keys", "WrappedKey", "gateway, member", HY_COMPACT, true, false},
    {"access", "AccessKey", "huiyuanctl", HY_COMPACT, false, false},
    {"program", "ProgramVersion", "huiyuanctl, gateway", HY_COMPACT, false, false},
    {"dead-letters", "DeadLetter", "all services", HY_KEEP_FOR_TIME, true, false},
};

const size_t hy_topic_count = sizeof hy_topics / sizeof hy_topics[0];

const struct hy_topic *hy_topic_find(const char *name) {
    for (size_t i = 0; i < hy_topic_count; i++) {
        if (strcmp(hy_topics[i].name, name) == 0) return &hy_topics[i];
    }
    return NULL;
}
