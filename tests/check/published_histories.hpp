#pragma once
// Histories that others have judged: one register of an etcd cluster under Jepsen, from the data of
// A. Horn's linearizability checker that Porcupine (A. Athalye, MIT licence) publishes with its
// verdicts, written shorter. An event is a process and what it does: `?` asks, `=` is told yes, `!`
// no; `r` reads, `w` writes, `c` swaps one value for another. `-` is no value. Whoever is never
// answered has timed out.

#include <string_view>

namespace casement::testing {

struct published_history {
    std::string_view name, events;
    bool is_linearizable;
};

inline constexpr published_history published_histories[] = {
    {"etcd_000",
     "0?r 3?r 2?w4 1?w2 4?w3 3=r- 0=r- 4=w 1=w 2=w 3?w3 0?r 0=r3 3=w 4?r 4=r3 1?r 1=r3 2?c30 2=c "
     "0?w2 3?r 0=w 3=r0 4?r 4=r2 1?c03 2?c00 1!c 2!c 0?c21 3?r 3=r2 0=c 4?r 4=r1 1?r 1=r1 2?r 2=r1 "
     "3?w0 0?c13 3=w 4?w2 0!c 4=w 1?r 1=r2 2?c11 2!c 3?c00 0?r 0=r2 4?w1 3!c 1?c21 2?w2 2=w 0?c14 "
     "3?w3 0!c 3=w 2?w2 9?w3 0?r 0=r3 2=w 3?c34 3!c 6?c11 0?w1 0=w 2?c00 2!c 3?c22 3!c 14?w4 0?c43 "
     "0!c 2?w0 11?r 11=r2 2=w 3?w2 3=w 0?w1 11?c21 2?c03 3?r 3=r2 19?r 19=r2 3?r 3=r2 19?c13 19=c "
     "5?w0 16?c43 7?c12 5=w 7!c 16!c 3?c42 3!c 19?c01 19=c 5?c40 7?c14 16?r 16=r1 3?c13 3!c 5=c "
     "7=c "
     "19?c20 19!c 16?r 16=r0 3?r 3=r0 5?r 7?c42 5=r0 7!c 19?c23 19!c 16?c41 3?w4 5?w4 7?c02 19?r "
     "19=r0 19?w3 19=w 21?c20 21!c 8?w4 10?w2 10=w 12?c44 19?w4 21?r 21=r4 19=w 10?c01 10!c 21?c33 "
     "21!c 19?r 19=r4 13?c22 17?c44 10?r 10=r1",
     false},
    {"etcd_001",
     "0?r 1?r 0=r- 1=r- 4?w0 2?c10 3?w2 2!c 4=w 3=w 0?r 0=r0 1?c00 1=c 2?r 2=r0 4?w1 3?w3 4=w 3=w "
     "0?r 0=r3 1?c30 2?c04 1=c 2=c 4?r 4=r4 3?r 3=r4 0?r 0=r4 1?w1 1=w 2?r 2=r1 4?w4 4=w 3?c13 3!c "
     "0?r 0=r4 1?c02 2?r 2=r4 4?r 4=r4 3?c32 0?c21 2?r 2=r4 4?c00 6?r 6=r4 2?c23 8?r 8=r4 5?r 5=r4 "
     "6?c30 6!c 9?c34 8?w0 8=w 5?w1 5=w 6?w1 7?r 7=r4 6=w 8?r 8=r1 5?w2 5=w 7?r 7=r4 14?c10 6?c12 "
     "8?r 8=r2 6!c 5?r 5=r2 7?c13 8?w3 8=w 6?w0 6=w 5?r 5=r0 19?w2 19=w 8?r 8=r2 6?w0 5?c21 6=w "
     "12?r 12=r0 19?c13 5!c 8?c34 8!c 19!c 6?w3 6=w 12?c03 12!c 5?c03 8?r 8=r3 5!c 19?r 19=r3 6?w1 "
     "6=w 12?r 12=r1 8?r 8=r1 5?r 5=r1 19?c32 19!c 6?w1 12?w4 8?r 8=r1 5?r 5=r1 19?w4 8?w0 5?c24 "
     "11?r 11=r1 17?c01 17!c 24?r 24=r1 11?c13 11=c 17?c34 13?r 13=r1 10?w1 17=c 24?c11 10=w "
     "11?c14 11=c 13?r 13=r1 17?c03 17!c 10?w4 10=w 11?r 11=r4",
     false},
    {"etcd_002",
     "4?r 4=r- 1?w1 2?c24 3?c12 0?c14 1=w 0!c 2=c 3=c 4?w0 4=w 1?w2 1=w 0?r 0=r2 2?c02 3?c23 2!c "
     "3=c 4?r 4=r3 1?w3 1=w 0?w2 2?w0 0=w 2=w 3?c04 3=c 4?c34 4!c 1?w1 0?w3 0=w 1=w 2?r 2=r3 3?r "
     "3=r3 4?r 4=r3 0?c43 0!c 1?c22 2?w3 1!c 3?w2 4?w2 4=w 0?c14 0!c 1?w3 1=w 4?c30 4=c 0?r 0=r0 "
     "7?c31 1?w1 8?r 8=r3 4?c40 1=w 0?w2 0=w 4!c 8?c40 1?w0 1=w 0?w4 0=w 12?w4 4?r 4=r4 1?r 1=r4 "
     "0?w2 0=w 4?c30 4!c 13?w3 1?w0 17?r 0?c21 17=r3 4?w1 17?c01 18?r 18=r3 6?w3 5?w2 9?c22 18?w4 "
     "22?w1 11?w3 10?c11 14?w0 11=w 23?c44 14=w 10!c 23!c 27?w1 11?w2 11=w 14?c12 10?r 10=r2 14!c "
     "23?r 23=r0 11?w1 11=w 10?r 10=r1 14?w2 23?c23 32?c21 14=w 11?w4 11=w 10?c11 10!c 14?w4 14=w "
     "11?c24 11!c 10?r 10=r4 28?r 28=r0 37?w3 14?r 14=r4",
     true},
    {"etcd_005",
     "3?r 3=r- 2?c14 4?w2 1?c01 0?c41 4=w 1!c 0!c 2!c 3?r 3=r2 4?c11 4!c 1?w4 0?w4 2?w2 0=w 2=w "
     "1=w 3?w1 4?c43 3=w 4!c 0?r 0=r1 2?w1 1?r 1=r1 2=w 3?c41 3!c 4?w2 0?r 0=r1 4=w 1?c13 2?r 2=r2 "
     "1!c 3?w4 3=w 0?w4 4?c21 2?c33 1?c20 3?w4 5?w4 9?r 9=r4 7?r 7=r4 6?w0 5=w 8?c20 8!c 9?w0 7?w1 "
     "5?c30 7=w 5!c 8?r 8=r1 11?w2 7?w0 5?c41 7=w 8?c14 8!c 5!c 14?w3 7?r 7=r0 8?w3 8=w 5?c13 5!c "
     "16?r 16=r4 7?r 7=r3 8?c21 8!c 5?c03 19?c43 5!c 19!c 16?w2 7?w3 8?c22 7=w 16=w 8!c 5?w0 19?w2 "
     "5=w 19=w 7?r 7=r2 16?r 16=r2 8?r 8=r2 5?w4 19?r 19=r2 7?r 7=r2 16?r 16=r2 8?c11 5=w 8!c "
     "19?c12 19!c 7?w3 16?r 16=r4 5?c14 8?c41 19?r 19=r4 16?r 16=r4 19?r 19=r4 12?c00 16?w2 12!c "
     "10?r 10=r4 16=w 13?w2 19?c14 12?w1 10?r 10=r2 16?w0 12=w 16=w 10?r 10=r0 18?r 18=r0",
     true},
};

}  // namespace casement::testing
