#include <curl/curl.h>

/* curl_easy_setopt and curl_easy_getinfo are variadic macros, which Swift cannot call. */
typedef size_t (*spkey_curl_data)(char *, size_t, size_t, void *);
typedef curl_socket_t (*spkey_curl_open)(void *, curlsocktype, struct curl_sockaddr *);

static inline CURLcode spkey_curl_long(CURL *easy, CURLoption option, long value) { return curl_easy_setopt(easy, option, value); }
static inline CURLcode spkey_curl_text(CURL *easy, CURLoption option, const char *value) { return curl_easy_setopt(easy, option, value); }
static inline CURLcode spkey_curl_pointer(CURL *easy, CURLoption option, void *value) { return curl_easy_setopt(easy, option, value); }
static inline CURLcode spkey_curl_list(CURL *easy, struct curl_slist *value) { return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, value); }
static inline CURLcode spkey_curl_body(CURL *easy, const void *bytes, curl_off_t count) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, count);
    return curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, bytes);
}
static inline CURLcode spkey_curl_write(CURL *easy, spkey_curl_data function, void *context) {
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
    return curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, function);
}
static inline CURLcode spkey_curl_header(CURL *easy, spkey_curl_data function, void *context) {
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
    return curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, function);
}
static inline CURLcode spkey_curl_opener(CURL *easy, spkey_curl_open function, void *context) {
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, context);
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, function);
}
static inline long spkey_curl_status(CURL *easy) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}
static inline void *spkey_curl_private(CURL *easy) {
    char *context = 0;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &context);
    return context;
}
static inline CURL *spkey_curl_done(CURLM *multi, CURLcode *result) {
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return 0;
}
