// Signatures, held against the example that the Standard Webhooks libraries test themselves with.
#include <criterion/criterion.h>

#include "common/io/webhook.h"

Test(webhook, signs_as_standard_webhooks_has_it) {
    struct hy_webhook_secret secret;
    cr_assert(hy_webhook_secret_read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &secret));
    char signature[HY_WEBHOOK_SIGNATURE_BYTES];
    hy_webhook_sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                    hy_bytes_of("{\"test\": 2432232314}"), signature);
    cr_assert_str_eq(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

Test(webhook, only_secrets_of_its_form_are_taken) {
    static const char *const bad[] = {"",
                                      "whsec_",
                                      "whsec_YWJj",
                                      "secret",
                                      "whsec_not base64 at all, is it now?",
                                      "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
    struct hy_webhook_secret secret;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(hy_webhook_secret_read(bad[i], &secret), "%s", bad[i]);
}
