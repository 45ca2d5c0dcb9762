/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lease.pml - picket lease / self-fence / recovery protocol. Own work.
 * NH nodes that can run resource R, 3 voters (Raft members that ack heartbeats), one committed
 * (replicated) state, a succession of leaders, a BMC, discrete time.
 * The recommended protocol (no -D flag):
 *  P1 a node sends a heartbeat with a fresh nonce; a voter acks (nonce, incarnation) only while that
 *     incarnation is admitted in the voter's DURABLE state.
 *  P2 on acks from a MAJORITY for the SAME nonce the kernel lease becomes SEND time + T.
 *  P3 the lease clock counts suspend; at expiry the kernel kills the node; on resume the expiry
 *     check runs before anything else does.
 *  P4 to recover R the leader first COMMITS block(incarnation); only then starts W = T + M on its own
 *     clock; it reassigns R when the BMC confirms off, or when W has run out.
 *  P5 a blocked incarnation is re-admitted only while R has not been reassigned; a start order names
 *     the incarnation and is obeyed only under a live lease.
 *  P6 a new leader starts W again from full.
 *  P7 a voter that restarts comes back with an older map (anything may be admitted in it) and grants
 *     nothing until it has applied an entry of the current term, and with it all that went before.
 *  P8 W starts when n - m + 1 voters have taken the incarnation out of their maps, not at the commit.
 * Acks and start orders arrive at any later time, again and again, or never: loss, delay, duplication,
 * reordering and every partition (also one-way) are included. Any node may crash, pause, be suspected
 * wrongly at any time. A crash = instant reboot as a new, not admitted incarnation (a node that stays
 * off behaves like one that booted and is not admitted). Each -D below breaks ONE rule: see test-model. */
#ifndef NH
#define NH 2
#endif
#ifndef T
#define T 2                    /* lease, ticks */
#endif
#ifndef M
#define M 2                    /* margin; needed: DRIFT */
#endif
#ifndef DRIFT
#define DRIFT 2                /* leader clock may gain up to this many ticks on a node clock per wait */
#endif
#define BIT(h) (1<<(h))
#define ALL ((1<<NH)-1)
#ifdef SOLOACK
#define MAJ 1                  /* any single peer's ack renews */
#else
#define MAJ 2
#endif
#ifdef TOKEN                   /* storage refuses any token but the newest one registered */
#define act(h) (started[h] && pz[h]==0 && tok==h)
#else
#define act(h) (started[h] && pz[h]==0)
#endif
#define nack(h) ((ack[h]&1)+((ack[h]>>1)&1)+((ack[h]>>2)&1))
bit  vok[3];                   /* the voter has applied an entry of the current term since it started */
bit  armed[NH], started[NH], startmsg[NH], fresh[NH];
byte pz[NH];                   /* 0 runs, 1 suspended (S3/s2idle), 2 VM stopped by its hypervisor */
byte L[NH], age[NH], ack[NH];  /* lease left, age of the current nonce, who acked it */
byte vadm[3], Cadm, Cown, tok; /* per-voter and committed admitted masks; owner; storage token */
byte W, dr, target; bit phase, fok, moved, pend0;

inline check() {
#ifdef REACH                   /* must FAIL: shows the model is not vacuous, recovery happens */
  assert(!(moved && act(1)));
#else
  assert(!(act(0) && act(1)));
#if NH > 2
  assert(!(act(0) && act(2))); assert(!(act(1) && act(2)));
#endif
#endif
}
inline die(h) { armed[h]=0; started[h]=0; pz[h]=0; L[h]=0; age[h]=T; ack[h]=0; fresh[h]=1;
#ifndef STALESTART             /* else: a start order of an older incarnation is obeyed */
  startmsg[h]=0;
#endif
  Cadm=Cadm&(ALL-BIT(h)); vadm[0]=vadm[0]&(ALL-BIT(h)); vadm[1]=vadm[1]&(ALL-BIT(h)); vadm[2]=vadm[2]&(ALL-BIT(h)) }
inline apply(v) { vadm[v]=Cadm; vok[v]=1 }
#ifdef EARLYGRANT
#define may(v) (1)             /* grants before it has caught up */
#else
#define may(v) (vok[v])
#endif
inline commit() {              /* a majority stores it now; one voter may lag behind */
#ifdef NOACK
  skip }                       /* in the log of a majority, but nobody has touched its map yet */
#else
  if :: apply(1); apply(2) :: apply(0); apply(2) :: apply(0); apply(1)
     :: apply(0); apply(1); apply(2) fi }
#endif
inline idle() { phase=0; W=0; dr=0; fok=0; target=0 }

proctype Node(byte h) {
  do
  :: atomic { pz[h]==0 && age[h]>0 -> age[h]=0;          /* new heartbeat, new nonce */
#ifndef ECHO
       ack[h]=0                                           /* acks of older nonces do not count */
#endif
     }
  :: atomic { pz[h]==0 && nack(h)>=MAJ ->                 /* the last ack of a majority is processed */
#ifdef FROMRECV
       L[h]=T;                                            /* counts from receipt */
#else
       if :: L[h]<T-age[h] -> L[h]=T-age[h] :: else fi;   /* counts from send */
#endif
       armed[h]=1; ack[h]=0 }
  :: atomic { pz[h]==0 && startmsg[h] && !started[h] && armed[h] -> started[h]=1;
#ifdef TOKEN
       if :: Cown==h -> tok=h :: else fi;                 /* registers its epoch; an old one is refused */
#endif
       check() }
#ifndef NOPAUSE
  :: atomic { pz[h]==0 && armed[h] -> pz[h]=1 }
  :: atomic { pz[h]==1 -> pz[h]=0; if :: L[h]==0 -> die(h) :: else fi; check() }
#endif
#ifdef VMSTOP                                             /* guest clocks do not see the stop */
  :: atomic { pz[h]==0 && armed[h] -> pz[h]=2 }
  :: atomic { pz[h]==2 -> pz[h]=0; check() }
#endif
  :: atomic { armed[h] -> die(h) }                        /* crash, also of a paused node */
  od
}
proctype Voter(byte v) {
  do
  :: atomic { may(v) && (vadm[v]&1) && age[0]<T && !(ack[0]&(1<<v)) -> ack[0]=ack[0]|(1<<v) }
  :: atomic { may(v) && (vadm[v]&2) && age[1]<T && !(ack[1]&(1<<v)) -> ack[1]=ack[1]|(1<<v) }
#if NH > 2
  :: atomic { may(v) && (vadm[v]&4) && age[2]<T && !(ack[2]&(1<<v)) -> ack[2]=ack[2]|(1<<v) }
#endif
  :: atomic { vadm[v]!=Cadm || !vok[v] -> vadm[v]=Cadm; vok[v]=1 } /* a lagging follower catches up */
#ifndef NORESTART
  :: atomic { vok[v] -> vok[v]=0; vadm[v]=ALL }           /* restart: an older state is replayed */
#endif
#ifdef NODURABLE
  :: atomic { vadm[v]!=ALL -> vadm[v]=ALL }               /* restart forgets its block promise */
#endif
  od
}
proctype Leader() { byte k;
  do
  :: atomic { phase==0 -> target=Cown;                    /* suspects the owner, rightly or not */
#ifndef SILENCE                                           /* else: waits on its own silence only, no block */
       Cadm=Cadm&(ALL-BIT(target)); fresh[target]=0; commit();
#endif
       W=T+M; phase=1 }
  :: atomic { phase==1 && !fok -> fok=1; die(target) }    /* BMC: off, confirmed. (BMC failing = never) */
#ifdef BMCLIE
  :: atomic { phase==1 && !fok -> fok=1 }                 /* BMC says off, node is on */
#endif
#if defined(POL_AND)
  :: atomic { phase==1 && fok && W==0 ->
#elif defined(POL_FENCE)
  :: atomic { phase==1 && fok ->
#else
  :: atomic { phase==1 && (fok || W==0) ->
#endif
       Cadm=Cadm&(ALL-BIT(target)); fresh[target]=0;
       select(k: 0 .. NH-1); if :: k==target -> k=(k+1)%NH :: else fi;
       Cown=k; k=0; commit(); idle();
#ifdef REACH
       moved=1
#endif
     }
  :: atomic { phase==1 && !fok -> Cadm=Cadm|BIT(target); commit(); idle() } /* heard again: withdraw */
  :: atomic { phase==0 -> select(k: 0 .. NH-1);           /* admit an incarnation */
       if :: fresh[k] && !(Cadm&BIT(k)) -> Cadm=Cadm|BIT(k); commit()
#ifdef READMIT                                            /* "its heartbeats are back": blocked one too */
          :: !(Cadm&BIT(k)) -> Cadm=Cadm|BIT(k); commit()
#endif
          :: else fi; k=0 }
  :: atomic { phase==0 && (Cadm&BIT(Cown)) && !startmsg[Cown] -> startmsg[Cown]=1 }
  :: atomic { phase==1 -> fok=0;                          /* leader change */
#ifdef INHERIT
       W=0                                                /* trusts a wall-clock stamp of the old one */
#else
       W=T+M; dr=0
#endif
     }
#ifdef S4                                                 /* a paused ex-leader's BMC order lands late */
  :: atomic { phase==1 && target==0 -> pend0=1 }
  :: atomic { pend0 && phase==0 -> pend0=0; assert(!(Cadm&1)) }
#endif
  od
}
proctype Time() { byte h;
  do
  :: atomic { h=0;
       do
       :: h<NH ->
#ifdef MONO                                               /* CLOCK_MONOTONIC: suspend is not counted */
          if :: pz[h]==0 ->
#else
          if :: pz[h]!=2 ->
#endif
             if :: age[h]<T -> age[h]++ :: else fi;
#ifndef FROMRECV
             if :: age[h]==T -> ack[h]=0 :: else fi;
#endif
             if :: L[h]>0 -> L[h]-- :: else fi;
             if :: armed[h] && L[h]==0 && pz[h]==0 -> die(h) :: else fi
          :: else fi;
          h++
       :: else -> break
       od; h=0;
       if :: W>0 -> W-- :: else fi;
       do :: W>0 && dr<DRIFT -> W--; dr++ :: break od     /* leader clock fast / node clock slow */
     }
  od
}
init { byte i; atomic {
  Cadm=ALL; vok[0]=1; vok[1]=1; vok[2]=1; vadm[0]=ALL; vadm[1]=ALL; vadm[2]=ALL;
  do :: i<NH -> fresh[i]=1; age[i]=T; run Node(i); i++ :: else -> break od; i=0;
  run Voter(0); run Voter(1); run Voter(2); run Leader(); run Time() } }
