#include "lib/text_day.h"

#include "lib/text.h"

#include <time.h>

bool text_day(const char *s, size_t len, int64_t *ms)
{
    int64_t year, month, day;
    struct tm t = {0}, back;
    time_t seconds;

    /* Digits by the pattern; leading zeros are no numbers of text_to_i64(). */
    if (len != 10 || s[4] != '-' || s[7] != '-' || !text_to_i64(s, 4, 1970, 9999, &year) ||
        !text_to_i64(s + 5 + (s[5] == '0'), 2u - (s[5] == '0'), 1, 12, &month) ||
        !text_to_i64(s + 8 + (s[8] == '0'), 2u - (s[8] == '0'), 1, 31, &day))
        return false;
    t.tm_year = (int)year - 1900;
    t.tm_mon = (int)month - 1;
    t.tm_mday = (int)day;
    seconds = timegm(&t);
    *ms = (int64_t)seconds * 1000;
    return gmtime_r(&seconds, &back) && back.tm_mday == (int)day; /* no 31 February */
}
