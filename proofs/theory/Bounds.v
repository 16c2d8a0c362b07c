(* Numbers for the weights of compositions: lower bounds, or the weights themselves, as elements of a ring over a common denominator.

   Every rate falls when a weight of kind s, f or g grows, and every weight of a join grows with those of its parts, so lower bounds are
   enough. A bound is checked by putting it into the equation that defines the weight. *)
From Coq Require Import Reals Lra Psatz ZArith List Bool.
From Pep Require Import Space Ring Joins Composition StronglyConvexComposition Rate.
Import ListNotations.
Open Scope R_scope.

Section Checks.
Variables (K : ring) (D : K).
Local Notation "a [+] b" := (cadd K a b) (at level 50, left associativity).
Local Notation "a [-] b" := (csub K a b) (at level 50, left associativity).
Local Notation "a [*] b" := (cmul K a b) (at level 40, left associativity).
Definition common := is_positive K D.
Definition empty_check (n : K) := common && nonnegative K n && nonnegative K (D [-] n).
(* n^2 <= (a + b) n + a b *)
Definition s_check (a b n : K) := common && nonnegative K n && nonnegative K ((a [+] b) [*] n [+] a [*] b [-] n [*] n).
Definition as_f_check (a n : K) := common && nonnegative K n && nonnegative K (ctwice K a [-] D [-] n).
(* j = n - 2 a, j^2 <= w j + 2 a w *)
Definition f_check (a w n : K) := let j := n [-] ctwice K a in
  common && nonnegative K n && nonnegative K j && nonnegative K (w [*] j [+] ctwice K (a [*] w) [-] j [*] j).
(* n^2 <= a b + (a + b - 2 a b) n, and n <= 1 *)
Definition m_s_check (a b n : K) := common && nonnegative K n && nonnegative K (D [-] n)
  && nonnegative K (D [*] (a [*] b) [+] (D [*] (a [+] b) [-] ctwice K (a [*] b)) [*] n [-] D [*] (n [*] n)).
(* (1 - a) / (1 + a) <= n *)
Definition close_check (a n : K) := common && nonnegative K (n [*] (D [+] a) [-] D [*] (D [-] a)).
Definition then_check (a b n : K) := common && nonnegative K n && nonnegative K (D [*] n [-] a [*] b).
(* the rate, rate_number / D *)
Definition value_check (n r : K) := common && nonnegative K r && nonnegative K (ctwice K (r [*] n) [-] D [*] D).
Definition square_check (n r : K) := common && nonnegative K r && nonnegative K (r [*] (n [*] n) [-] D [*] (D [*] D)).
Definition gradient_check (n r : K) := common && nonnegative K r && nonnegative K (r [*] n [-] ctwice K (D [*] D)).
Definition distance_check (n r : K) := common && nonnegative K n && nonnegative K (D [*] r [-] n [*] n).
End Checks.

Section Meaning.
Context {K : ring} (E : realisation K) (D : K).
Notation val := (value E).

Definition at_least (n : K) (w : R) := 0 <= val n /\ val n <= w * val D.
Definition at_most (n : K) (w : R) := w * val D <= val n.

Lemma val_sub : forall a b, val (csub K a b) = val a - val b.
Proof. intros. unfold csub. rewrite value_add, value_opp. ring. Qed.
Lemma val_twice : forall a, val (ctwice K a) = 2 * val a.
Proof. intros. unfold ctwice. rewrite value_add. ring. Qed.

Ltac opened H :=
  repeat (apply andb_true_iff in H; let H2 := fresh "C" in destruct H as [H H2];
    apply (nonnegative_ok E) in H2; repeat rewrite ?val_sub, ?val_twice, ?value_add, ?value_mul in H2);
  unfold common in H; apply (is_positive_ok K E) in H.

(* The bounds as real numbers: k = n / D. *)
Lemma as_quotient : forall n, 0 < val D -> val n = val n / val D * val D.
Proof. intros. field. lra. Qed.
Lemma at_least_iff : forall n w, 0 < val D -> at_least n w -> 0 <= val n / val D <= w.
Proof.
  intros n w P [H1 H2]. split.
  - apply Rmult_le_pos; [exact H1|left; apply Rinv_0_lt_compat; exact P].
  - apply Rmult_le_reg_r with (val D); [exact P|]. rewrite <- as_quotient by exact P. exact H2.
Qed.
Lemma at_least_from : forall n w, 0 < val D -> 0 <= val n -> val n / val D <= w -> at_least n w.
Proof.
  intros n w P N H. split; [exact N|]. rewrite (as_quotient n P). apply Rmult_le_compat_r; [lra|exact H].
Qed.

Lemma bound_empty : forall n w, 1 <= w -> empty_check K D n = true -> at_least n w.
Proof. intros n w W H. unfold empty_check in H. opened H. split; [exact C0|]. nra. Qed.

(* 0 <= d^2 a is 0 <= a *)
Lemma cancel : forall d a, 0 < d -> 0 <= a * (d * d) -> 0 <= a.
Proof. intros d a P H. apply Rnot_lt_le. intro. assert (0 < d * d) by nra. nra. Qed.
Lemma cancel3 : forall d a, 0 < d -> 0 <= a * (d * d * d) -> 0 <= a.
Proof. intros d a P H. apply Rnot_lt_le. intro. assert (0 < d * d * d) by (repeat apply Rmult_lt_0_compat; lra). nra. Qed.

Ltac quotients P ns :=
  match ns with
  | (?rest, ?n) => quotients P rest; quotients P n
  | ?n => let k := fresh "k" in let Ek := fresh "Ek" in
    pose proof (as_quotient n P) as Ek; set (k := val n / val D) in *; clearbody k; rewrite ?Ek in *; clear Ek
  end.

Lemma bound_s : forall a b na nb n, of_kind_s a -> of_kind_s b -> at_least na (weight a) -> at_least nb (weight b) ->
  s_check K D na nb n = true -> at_least n (weight (s_join a b)).
Proof.
  intros a b na nb n [Wa _] [Wb _] Ha Hb H. unfold s_check in H. opened H.
  apply at_least_iff in Ha, Hb; try assumption. apply at_least_from; auto.
  assert (0 <= val n / val D) as Pn by (apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]).
  simpl weight. apply below_positive_root; [lra|nra|].
  rewrite (as_quotient na H), (as_quotient nb H), (as_quotient n H) in C.
  set (ka := val na / val D) in *. set (kb := val nb / val D) in *. set (k := val n / val D) in *. set (d := val D) in *.
  clearbody ka kb k d. assert (0 <= (ka + kb) * k + ka * kb - k * k) as C2 by (apply (cancel d); [lra|lra]).
  assert (ka * kb <= weight a * weight b) by (apply Rmult_le_compat; lra).
  assert ((ka + kb) * k <= (weight a + weight b) * k) by (apply Rmult_le_compat_r; lra). lra.
Qed.

Lemma bound_as_f : forall a na n, at_least na (weight a) -> as_f_check K D na n = true -> at_least n (weight (s_as_f a)).
Proof. intros a na n Ha H. unfold as_f_check in H. opened H. destruct Ha. split; [exact C0|]. simpl weight. lra. Qed.

(* the weight of an f- or g-join *)
Lemma bound_theta : forall alpha w na nw n, 1 <= alpha -> 1 <= w -> at_least na alpha -> at_least nw w ->
  f_check K D na nw n = true -> at_least n (positive_root 1 (2 * alpha / w) ^ 2 * w).
Proof.
  intros alpha w na nw n Pa Pw Ha Hw H. unfold f_check in H. opened H.
  apply at_least_iff in Ha, Hw; try assumption. apply at_least_from; auto.
  rewrite (as_quotient na H), (as_quotient n H) in C0. rewrite (as_quotient na H), (as_quotient nw H), (as_quotient n H) in C.
  assert (0 < alpha) as Qa by lra. assert (0 < w) as Qw by lra.
  destruct (theta_ok alpha w Qa Qw) as [T1 [T2 _]]. set (theta := positive_root 1 (2 * alpha / w)) in *. clearbody theta.
  set (ka := val na / val D) in *. set (kw := val nw / val D) in *. set (k := val n / val D) in *. set (d := val D) in *.
  clearbody ka kw k d.
  assert (0 <= k - 2 * ka) as J by (apply Rnot_lt_le; intro; nra).
  assert (0 <= kw * (k - 2 * ka) + 2 * (ka * kw) - (k - 2 * ka) * (k - 2 * ka)) as C2 by (apply (cancel d); [lra|lra]).
  remember (k - 2 * ka) as j eqn:Ej in *. assert (k = j + 2 * ka) as Ek by lra. clear Ej. rewrite Ek. clear Ek.
  (* t = theta w is the positive root of t^2 = w t + 2 alpha w *)
  assert (j <= theta * w) as Hj.
  { assert (kw * j <= w * j) as X1 by (apply Rmult_le_compat_r; lra). assert (ka * kw <= alpha * w) as X2 by (apply Rmult_le_compat; lra).
    assert ((theta * w) * (theta * w) = w * (theta * w) + 2 * (alpha * w)) as X3 by (rewrite T2; field).
    set (t := theta * w) in *. assert (w < t) as X4 by (unfold t; nra). clearbody t. apply Rnot_lt_le. intro. nra. }
  assert (theta ^ 2 * w = theta * w + 2 * alpha) as -> by (rewrite T2; field). lra.
Qed.

Lemma bound_f : forall a b na nb n, of_kind_s a -> of_kind_f b -> at_least na (weight a) -> at_least nb (weight b) ->
  f_check K D na nb n = true -> at_least n (weight (f_join a b)).
Proof. intros a b na nb n [Wa _] [Wb _] Ha Hb H. apply (bound_theta _ _ na nb n Wa Wb Ha Hb H). Qed.

Lemma bound_g : forall b a nb na n, of_kind_g b -> of_kind_s a -> at_least nb (weight b) -> at_least na (weight a) ->
  f_check K D na nb n = true -> at_least n (weight (g_join b a)).
Proof. intros b a nb na n [Wb _] [Wa _] Hb Ha H. apply (bound_theta _ _ na nb n Wa Wb Ha Hb H). Qed.

Lemma bound_m_s : forall m a b na nb n, 0 < m < 1 -> m_kind_s m a -> m_kind_s m b ->
  at_least na (weight a) -> at_least nb (weight b) -> m_s_check K D na nb n = true -> at_least n (weight (m_s_join m a b)).
Proof.
  intros m a b na nb n Hm [Wa _] [Wb _] Ha Hb H. unfold m_s_check in H. opened H.
  apply at_least_iff in Ha, Hb; try assumption. apply at_least_from; auto.
  assert (0 <= val n / val D) as Pn by (apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]).
  assert (val n / val D <= 1) as Qn by (apply Rmult_le_reg_r with (val D); [lra|]; rewrite <- as_quotient; lra).
  simpl weight. apply below_positive_root; [nra|nra|].
  rewrite (as_quotient na H), (as_quotient nb H), (as_quotient n H) in C.
  set (ka := val na / val D) in *. set (kb := val nb / val D) in *. set (k := val n / val D) in *. set (d := val D) in *.
  clearbody ka kb k d. assert (0 <= ka * kb + (ka + kb - 2 * (ka * kb)) * k - k * k) as C2 by (apply (cancel3 d); lra).
  set (za := weight a) in *. set (zb := weight b) in *. clearbody za zb.
  (* a b + (a + b - 2 a b) k grows with a and with b *)
  assert (0 <= (za - ka) * (kb * (1 - k) + k * (1 - kb))) as M1
    by (apply Rmult_le_pos; [lra|]; apply Rplus_le_le_0_compat; apply Rmult_le_pos; lra).
  assert (0 <= (zb - kb) * (za * (1 - k) + k * (1 - za))) as M2
    by (apply Rmult_le_pos; [lra|]; apply Rplus_le_le_0_compat; apply Rmult_le_pos; lra).
  lra.
Qed.

Lemma bound_m_empty : forall m n, val n = m * val D -> 0 <= m -> 0 < val D -> at_least n (weight (m_empty m)).
Proof. intros m n H Pm P. split; [rewrite H; apply Rmult_le_pos; lra|]. simpl weight. lra. Qed.

Lemma bound_close : forall m a na n, 0 < m < 1 -> m_kind_s m a -> at_least na (weight a) -> close_check K D na n = true ->
  at_most n (weight (m_close m a)).
Proof.
  intros m a na n Hm [Wa _] Ha H. unfold close_check in H. opened H. apply at_least_iff in Ha; try assumption.
  unfold at_most. simpl weight. rewrite (as_quotient na H), (as_quotient n H) in C. rewrite (as_quotient n H).
  set (ka := val na / val D) in *. set (k := val n / val D) in *. set (d := val D) in *. set (z := weight a) in *. clearbody ka k d z.
  apply Rmult_le_compat_r; [lra|]. assert (0 <= k * (1 + ka) - (1 - ka)) as C2 by (apply (cancel d); lra).
  apply Rmult_le_reg_r with (1 + z); [lra|]. replace ((1 - z) / (1 + z) * (1 + z)) with (1 - z) by (field; lra).
  assert (0 <= k) by (apply Rnot_lt_le; intro; nra). nra.
Qed.

Lemma bound_then : forall m a b na nb n, m_closed m a -> m_closed m b -> at_most na (weight a) -> at_most nb (weight b) ->
  then_check K D na nb n = true -> at_most n (weight (m_then a b)).
Proof.
  intros m a b na nb n [Wa _] [Wb _] Ha Hb H. unfold then_check in H. opened H. unfold at_most in *. simpl weight.
  assert (0 <= weight a * val D) by (apply Rmult_le_pos; lra). assert (0 <= weight b * val D) by (apply Rmult_le_pos; lra).
  assert ((weight a * val D) * (weight b * val D) <= val na * val nb) as M by (apply Rmult_le_compat; assumption).
  apply Rmult_le_reg_r with (val D); [lra|]. lra.
Qed.

(* The last step: the rate is val n_r / val D. *)
Lemma value_bound : forall n nr r w, val nr = r * val D -> at_least n w -> value_check K D n nr = true -> 1 <= r * (2 * w).
Proof.
  intros n nr r w Er Hn H. unfold value_check in H. opened H. apply at_least_iff in Hn; try assumption.
  rewrite (as_quotient n H), Er in C. rewrite Er in C0. set (k := val n / val D) in *. set (d := val D) in *. clearbody k d.
  assert (0 <= r) by (apply Rnot_lt_le; intro; nra). assert (0 <= r * (2 * k) - 1) by (apply (cancel d); lra). nra.
Qed.

Lemma square_bound : forall n nr r w, val nr = r * val D -> at_least n w -> square_check K D n nr = true -> 1 <= r * w ^ 2.
Proof.
  intros n nr r w Er Hn H. unfold square_check in H. opened H. apply at_least_iff in Hn; try assumption.
  rewrite (as_quotient n H), Er in C. rewrite Er in C0. set (k := val n / val D) in *. set (d := val D) in *. clearbody k d.
  assert (0 <= r) by (apply Rnot_lt_le; intro; nra). assert (0 <= r * (k * k) - 1) by (apply (cancel3 d); lra).
  assert (k * k <= w * w) by (apply Rmult_le_compat; lra). simpl. nra.
Qed.

Lemma gradient_bound : forall n nr r w, val nr = r * val D -> at_least n w -> gradient_check K D n nr = true -> 2 <= r * w.
Proof.
  intros n nr r w Er Hn H. unfold gradient_check in H. opened H. apply at_least_iff in Hn; try assumption.
  rewrite (as_quotient n H), Er in C. rewrite Er in C0. set (k := val n / val D) in *. set (d := val D) in *. clearbody k d.
  assert (0 <= r) by (apply Rnot_lt_le; intro; nra). assert (0 <= r * k - 2) by (apply (cancel d); lra). nra.
Qed.

Lemma distance_bound : forall n nr r w, val nr = r * val D -> 0 <= w -> at_most n w -> distance_check K D n nr = true -> w ^ 2 <= r.
Proof.
  intros n nr r w Er Pw Hn H. unfold distance_check in H. opened H. unfold at_most in Hn. rewrite Er in C.
  assert (0 <= w * val D) by (apply Rmult_le_pos; lra).
  assert ((w * val D) * (w * val D) <= val n * val n) by (apply Rmult_le_compat; assumption).
  assert (0 <= r - w * w) by (apply (cancel (val D)); lra). simpl. lra.
Qed.
End Meaning.
