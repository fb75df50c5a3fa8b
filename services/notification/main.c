#include "common/io/log.h"
#include "common/io/zone.h"
#include "services/notification/notification.h"
#include "services/notification/sender.h"
#include "services/notification/template_files.h"

enum { SENDS_LIMIT = 64 };

static struct {
    const char *kek_file, *kek, *templates_dir, *smtp_url, *smtp_tls, *ca_file, *mail_from, *mail_from_name,
        *webhook_url, *webhook_secret, *quiet_hours;
    int64_t late_hours, retry_first_seconds, retry_longest_seconds, attempts, send_timeout_ms,
        report_timeout_ms, under_way;
} settings;

static const struct hy_config_item items[] = {
    HY_KEK_SETTINGS(&settings.kek_file, &settings.kek),
    {"HY_TEMPLATES_DIR", HY_CONFIG_TEXT, "deploy/templates", 0, 0, "",
     "folder with the texts of messages, NAME.zh.txt and NAME.en.txt", false, &settings.templates_dir},
    {"HY_SMTP_URL", HY_CONFIG_TEXT, "", 0, 0, "",
     "mail server, smtp:// or smtps://, with user and password; empty: no e-mail", true, &settings.smtp_url},
    {"HY_SMTP_TLS", HY_CONFIG_TEXT, "offered", 0, 0, "",
     "STARTTLS for smtp://: required, offered (used when the server has it) or off", false,
     &settings.smtp_tls},
    {"HY_CA_FILE", HY_CONFIG_TEXT, "", 0, 0, "",
     "certificates to trust for mail server and webhook; empty: the system's", false, &settings.ca_file},
    {"HY_MAIL_FROM", HY_CONFIG_TEXT, "huiyuan@localhost.localdomain", 0, 0, "",
     "address that e-mails come from", false, &settings.mail_from},
    {"HY_MAIL_FROM_NAME", HY_CONFIG_TEXT, "", 0, 0, "", "name beside it", false, &settings.mail_from_name},
    {"HY_WEBHOOK_URL", HY_CONFIG_TEXT, "", 0, 0, "",
     "where messages for SMS are posted, http:// or https://; empty: no SMS", true, &settings.webhook_url},
    {"HY_WEBHOOK_SECRET", HY_CONFIG_TEXT, "", 0, 0, "", "signs them: whsec_ and the base64 of 24 to 64 bytes",
     true, &settings.webhook_secret},
    {"HY_QUIET_HOURS", HY_CONFIG_TEXT, "21:00-09:00", 0, 0, "",
     "in which nobody is written to, by the program's clocks; empty: none", false, &settings.quiet_hours},
    {"HY_LATE_HOURS", HY_CONFIG_NUMBER, "72", 1, 8760, "hours", "after which a message is not sent any more",
     false, &settings.late_hours},
    {"HY_RETRY_FIRST_SECONDS", HY_CONFIG_NUMBER, "30", 1, 86400, "s",
     "pause after the first attempt that failed; doubles from then on", false, &settings.retry_first_seconds},
    {"HY_RETRY_LONGEST_SECONDS", HY_CONFIG_NUMBER, "3600", 1, 86400, "s", "the longest of these pauses",
     false, &settings.retry_longest_seconds},
    {"HY_RETRY_ATTEMPTS", HY_CONFIG_NUMBER, "8", 1, 100, "attempts", "then a message is given up", false,
     &settings.attempts},
    {"HY_SEND_TIMEOUT_MS", HY_CONFIG_NUMBER, "30000", 100, 600000, "ms",
     "for one attempt, from connecting to the provider's last answer", false, &settings.send_timeout_ms},
    {"HY_REPORT_TIMEOUT_MS", HY_CONFIG_NUMBER, "120000", 3000, 3600000, "ms",
     "after which an attempt without a result counts as lost; at least the time-out for sending and 3 s",
     false, &settings.report_timeout_ms},
    {"HY_SENDS", HY_CONFIG_NUMBER, "16", 1, SENDS_LIMIT, "", "attempts under way at one time", false,
     &settings.under_way},
};

static struct notification notification;
static struct templates templates;
static struct hy_kek *kek;
static struct sender *sender;

static const struct hy_brain *make_brain(void) {
    static struct hy_brain brain;
    notification_init(&notification, hy_zone_load);
    brain = notification_brain(&notification);
    return &brain;
}

static bool read_policy(struct delivery_policy *policy) {
    policy->late_ms = settings.late_hours * 3600 * 1000;
    policy->retry_first_ms = settings.retry_first_seconds * 1000;
    policy->retry_longest_ms = settings.retry_longest_seconds * 1000;
    policy->attempts = (uint32_t)settings.attempts;
    policy->report_ms = settings.report_timeout_ms;
    const char *wrong = NULL;
    if (!delivery_policy_quiet(policy, settings.quiet_hours))
        wrong = "HY_QUIET_HOURS is two times of the day, as 21:00-09:00, or empty";
    else if (settings.report_timeout_ms < settings.send_timeout_ms + 3000)
        wrong = "HY_REPORT_TIMEOUT_MS is at least HY_SEND_TIMEOUT_MS and 3000 more";
    else if (settings.smtp_url[0] != '\0' && !hy_mail_address_good(settings.mail_from))
        wrong = "HY_MAIL_FROM is not an address that mail can come from";
    if (wrong != NULL) hy_log(HY_LOG_ERROR, "setting", "%s", wrong);
    return wrong == NULL;
}

static bool start(const struct hy_service_world *world) {
    if (!read_policy(&notification.policy) || !template_files_read(settings.templates_dir, &templates))
        return false;
    kek = hy_kek_load(settings.kek_file, settings.kek);
    if (kek == NULL) return false;
    sender = sender_start(&(struct sender_options){
        .world = world,
        .templates = &templates,
        .kek = kek,
        .from = settings.mail_from,
        .from_name = settings.mail_from_name,
        .courier = {settings.smtp_url, settings.smtp_tls, settings.webhook_url, settings.webhook_secret,
                    settings.ca_file, (size_t)settings.under_way, settings.send_timeout_ms},
    });
    notification.templates = &templates;
    notification.send = sender_take;
    notification.sender = sender;
    return sender != NULL;
}

static bool step(int64_t now_ms) {
    return sender_step(sender, now_ms);
}

static void stop(void) {
    sender_stop(sender);
    hy_kek_free(kek);
}

int main(int argc, char **argv) {
    static const struct hy_service service = {
        .name = "notification",
        .help = "messages: what is sent to whom, when, or why not; the deliveries log",
        .settings = items,
        .setting_count = sizeof items / sizeof items[0],
        .brain = make_brain,
        .start = start,
        .step = step,
        .stop = stop,
    };
    return hy_service_run(&service, argc, argv);
}
