#include "lib/text_alike.h"

struct alike {
    int32_t cp;
    char latin;
};

/* Sorted by code point. */
static const struct alike folded[] = {
    {0x00f8, 'o'},
    {0x0111, 'd'},
    {0x0127, 'h'},
    {0x0131, 'i'},
    {0x0142, 'l'},
    {0x0237, 'j'},
    {0x0251, 'a'},
    {0x0261, 'g'},
    {0x0262, 'g'},
    {0x026a, 'i'},
    {0x0274, 'n'},
    {0x0280, 'r'},
    {0x028f, 'y'},
    {0x0299, 'b'},
    {0x029c, 'h'},
    {0x029f, 'l'},
    /* Greek: alpha beta epsilon zeta eta iota kappa mu nu omicron rho tau upsilon chi, yot */
    {0x03b1, 'a'},
    {0x03b2, 'b'},
    {0x03b5, 'e'},
    {0x03b6, 'z'},
    {0x03b7, 'h'},
    {0x03b9, 'i'},
    {0x03ba, 'k'},
    {0x03bc, 'm'},
    {0x03bd, 'n'},
    {0x03bf, 'o'},
    {0x03c1, 'p'},
    {0x03c4, 't'},
    {0x03c5, 'y'},
    {0x03c7, 'x'},
    {0x03f3, 'j'},
    /* Cyrillic: a ve ie ka em en o er es te u ha, dze i je, izhitsa palochka shha komi-de qa we */
    {0x0430, 'a'},
    {0x0432, 'b'},
    {0x0435, 'e'},
    {0x043a, 'k'},
    {0x043c, 'm'},
    {0x043d, 'h'},
    {0x043e, 'o'},
    {0x0440, 'p'},
    {0x0441, 'c'},
    {0x0442, 't'},
    {0x0443, 'y'},
    {0x0445, 'x'},
    {0x0455, 's'},
    {0x0456, 'i'},
    {0x0458, 'j'},
    {0x0475, 'v'},
    {0x04af, 'y'},
    {0x04bb, 'h'},
    {0x04cf, 'l'},
    {0x0501, 'd'},
    {0x051b, 'q'},
    {0x051d, 'w'},
    /* Armenian: vo co oh */
    {0x0570, 'h'},
    {0x0578, 'n'},
    {0x057d, 'u'},
    {0x0581, 'g'},
    {0x0585, 'o'},
    /* phonetic small capitals */
    {0x1d00, 'a'},
    {0x1d04, 'c'},
    {0x1d05, 'd'},
    {0x1d07, 'e'},
    {0x1d0a, 'j'},
    {0x1d0b, 'k'},
    {0x1d0d, 'm'},
    {0x1d0f, 'o'},
    {0x1d18, 'p'},
    {0x1d1b, 't'},
    {0x1d1c, 'u'},
    {0x1d20, 'v'},
    {0x1d21, 'w'},
    {0x1d22, 'z'},
    /* hyphens, dashes and the minus sign */
    {0x2010, '-'},
    {0x2012, '-'},
    {0x2013, '-'},
    {0x2014, '-'},
    {0x2212, '-'},
};

static const struct alike small[] = {
    {0x03b3, 'y'}, {0x03b7, 'n'}, {0x03bd, 'v'}, {0x03c5, 'u'}, {0x03c9, 'w'},
    {0x0433, 'r'}, {0x0438, 'u'}, {0x043f, 'n'}, {0x0448, 'w'},
};

static char find(const struct alike *table, size_t count, int32_t cp)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (table[mid].cp == cp)
            return table[mid].latin;
        if (table[mid].cp < cp)
            low = mid + 1;
        else
            high = mid;
    }
    return 0;
}

char text_alike_folded(int32_t cp)
{
    return find(folded, ARRAY_LEN(folded), cp);
}

char text_alike_small(int32_t cp)
{
    return find(small, ARRAY_LEN(small), cp);
}
