(* Joins of schedules for strongly convex functions: docs/mathematics-joins.md, sections 5 and 6, for blocks of any length.

   F and G are scaled to L = 1 and m = mu; o is a point, later the minimiser. Everything is in the coordinates of that page:
   x - o = p + m W and G x = m (p + W), in which the interpolation inequality has three terms. *)
From Coq Require Import Reals Lra Psatz List.
From Pep Require Import Space Classes Joins.
Import ListNotations.
Open Scope R_scope.

(* steps h with 0 <= h <= 1/m *)
Definition moderate (m : R) (hs : list R) := Forall (fun h => 0 <= h /\ 0 <= 1 - m * h) hs.

(* the product of the factors 1 - m h *)
Fixpoint contraction (m : R) (hs : list R) : R := match hs with [] => 1 | h :: hs' => (1 - m * h) * contraction m hs' end.

Lemma contraction_app : forall m a h b, contraction m (a ++ h :: b) = contraction m a * (1 - m * h) * contraction m b.
Proof. intros m a h b. induction a as [|c a IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma contraction_pos : forall m hs, moderate m hs -> 0 <= contraction m hs.
Proof. induction 1; simpl; [lra|]. apply Rmult_le_pos; tauto. Qed.

Lemma moderate_app : forall m a h b, moderate m a -> 0 <= h -> 0 <= 1 - m * h -> moderate m b -> moderate m (a ++ h :: b).
Proof. intros. apply Forall_app. split; [assumption|]. constructor; auto. Qed.

Section Blocks.
Context {V : inner_space}.
Variables (m : R) (F : V -> R) (G : V -> V) (o : V).
Hypothesis Hm : 0 < m < 1.

(* The coordinates; [Coordinates] below has their definitions. *)
Variables (p W : V -> V) (E : V -> R).
Hypothesis position : forall x, alike (x - o) (p x + m * W x).
Hypothesis slope : forall x, alike (G x) (m * (p x + W x)).
Hypothesis height : forall x, F x = m * (1 - m) * E x + (m ^ 2 * (1 - m) * norm2 (W x) + m * norm2 (x - o)) / 2.
Definition q (x y : V) : R := E x - E y - inner (W y) (p x - p y).
Hypothesis interpolation : forall x y, 0 <= q x y.

Notation descend := (descend G).

(* the sum of sigma_i phi(x_i), sigma_i = m (1 - m) h_i times the product of the later factors 1 - m h *)
Fixpoint discounted (phi : V -> R) (x : V) (hs : list R) : R := match hs with
  | [] => 0
  | h :: hs' => m * (1 - m) * h * contraction m hs' * phi x + discounted phi (x - h * G x)%V hs'
  end.

Lemma discounted_app : forall phi a x h b, discounted phi x (a ++ h :: b)
  = (1 - m * h) * contraction m b * discounted phi x a + m * (1 - m) * h * contraction m b * phi (descend x a)
    + discounted phi (descend x a - h * G (descend x a))%V b.
Proof.
  induction a as [|c a IH]; intros x h b; simpl; [ring|]. rewrite IH, contraction_app. ring.
Qed.

Lemma discounted_pos : forall phi, (forall y, 0 <= phi y) -> forall hs x, moderate m hs -> 0 <= discounted phi x hs.
Proof.
  intros phi H. induction hs as [|h hs IH]; intros x M; simpl; [lra|]. inversion M as [|? ? [M1 M2] M3]; subst.
  pose proof (contraction_pos _ _ M3) as C. specialize (IH (x - h * G x)%V M3). pose proof (H x).
  assert (0 <= m * (1 - m) * h * contraction m hs) by (repeat apply Rmult_le_pos; lra).
  pose proof (Rmult_le_pos _ _ H1 H0). lra.
Qed.

(* a step in the coordinates *)
Lemma step : forall x h, alike (x - h * G x - o) ((1 - m * h) * (x - o) + (- (m * (1 - m) * h)) * W x).
Proof.
  intros x h z. pose proof (slope x z) as S. pose proof (position x z) as P. expand_inner_in S. expand_inner_in P. expand_inner.
  rewrite S. replace (inner (p x) z) with (inner x z + -1 * inner o z - m * inner (W x) z) by lra. ring.
Qed.

Lemma moved : forall v hs x,
  discounted (fun y => inner (W y) v) x hs = contraction m hs * inner (x - o) v - inner (descend x hs - o) v.
Proof.
  intro v. induction hs as [|h hs IH]; intro x; simpl; [ring|]. rewrite IH, step. expand_inner. ring.
Qed.

(* the sum of sigma_i (E_i - <W_i, p_i>) *)
Definition inside := discounted (fun y => E y - inner (W y) (p y)).

Lemma discounted_q : forall z hs x, discounted (q z) x hs
  = (1 - m) * (1 - contraction m hs) * E z - inside x hs
    - (contraction m hs * inner (x - o) (p z) - inner (descend x hs - o) (p z)).
Proof.
  intro z. unfold inside. induction hs as [|h hs IH]; intro x; simpl; [expand_inner; ring|]. rewrite IH, step. unfold q.
  expand_inner. ring.
Qed.

(* The core of a block of kind s: no minimiser occurs in it. *)
Definition core (z : R) (x : V) (hs : list R) : R :=
  let n := descend x hs in
  ((1 - z) / (1 - m)) ^ 2 * norm2 (x - o) - norm2 (p n - z * W n) + 2 * (1 - z) * inside x hs
  + (2 * z + 2 * m * (1 - z) + 2 * z ^ 2) * (E n - inner (W n) (p n)) - 4 * z * E n.

Definition block (z : R) (hs : list R) :=
  moderate m hs /\ m <= z < 1 /\ contraction m hs = (1 - z) / (1 - m) /\ forall x, 0 <= core z x hs.

Lemma empty_block : block m [].
Proof.
  split; [constructor|]. split; [lra|]. split; [simpl; field; lra|]. intro x. unfold core, inside. simpl.
  unfold norm2. rewrite (alike_inner _ _ _ _ (position x) (position x)). expand_inner. rewrite (inner_sym V (W x) (p x)).
  match goal with |- 0 <= ?a => replace a with 0; [lra|field; lra] end.
Qed.

Lemma entering : forall v z hs x, block z hs -> 0 <= (z - m) * E v - inside x hs
    - ((1 - z) / (1 - m) * inner (x - o) (p v) - inner (descend x hs - o) (p v)).
Proof.
  intros v z hs x [M [Hz [C _]]]. pose proof (discounted_pos (q v) (interpolation v) hs x M) as H.
  rewrite discounted_q, C in H. replace ((1 - m) * (1 - (1 - z) / (1 - m))) with (z - m) in H by (field; lra). exact H.
Qed.

(* the joining step for y, and what it does *)
Definition joining_step (y : R) : R := (1 + y / m) / (1 + y).

Lemma joined : forall y x, 0 < y -> alike (x - joining_step y * G x - o) (((1 - m) / (1 + y)) * (p x - y * W x)).
Proof.
  intros y x Hy v. rewrite step, (inner_plus V), !(inner_times V), position. unfold joining_step. expand_inner. field. lra.
Qed.

Lemma joining_moderate : forall y, 0 < y -> 0 <= joining_step y /\ 0 <= 1 - m * joining_step y.
Proof.
  intros y Hy. unfold joining_step. split.
  - apply Rmult_le_pos; [|left; apply Rinv_0_lt_compat; lra]. assert (0 < y / m) by (apply Rdiv_lt_0_compat; lra). lra.
  - replace (1 - m * ((1 + y / m) / (1 + y))) with ((1 - m) / (1 + y)) by (field; lra).
    apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra].
Qed.

Lemma joining_factor : forall y, 0 < y -> 1 - m * joining_step y = (1 - m) / (1 + y).
Proof. intros y Hy. unfold joining_step. field. lra. Qed.

Ltac expanded H := expand_inner_in H.
Ltac same_as T := match type of T with 0 <= ?l => match goal with |- 0 <= ?r => replace r with l; [exact T|] end end.

Theorem join : forall a b za zb z y, block za a -> block zb b -> 0 < y -> 0 < zb - y + 2 * y * zb ->
  za * (zb - y + 2 * y * zb) = y * (zb + y) -> z * (zb - y + 2 * y * zb) = zb * (zb + y) ->
  block z (a ++ joining_step y :: b).
Proof.
  intros a b za zb z y [Ma [Za [Ca Ha]]] Hb Hy Hd Ea Ez. destruct (joining_moderate y Hy) as [J1 J2].
  pose proof Hb as [Mb [Zb [Cb Pb]]].
  assert (y < zb) as Hyz.
  { assert (0 < (1 - za) * (zb - y + 2 * y * zb)) as T by (apply Rmult_lt_0_compat; lra).
    assert (0 < (zb - y) * (1 + y)) as T2 by (replace ((zb - y) * (1 + y)) with ((1 - za) * (zb - y + 2 * y * zb)); [exact T|];
      rewrite Rmult_minus_distr_r, Ea; ring). nra. }
  assert (zb < z) as Hz.
  { assert (0 < 2 * y * (1 - zb) * zb) as T by (repeat apply Rmult_lt_0_compat; lra).
    apply Rmult_lt_reg_r with (zb - y + 2 * y * zb); [lra|]. rewrite Ez. lra. }
  assert (z < 1) as Hz1.
  { assert (0 < (1 - zb) * (zb - y)) as T by (apply Rmult_lt_0_compat; lra).
    apply Rmult_lt_reg_r with (zb - y + 2 * y * zb); [lra|]. rewrite Ez. lra. }
  assert (z = zb * (zb + y) / (zb - y + 2 * y * zb)) as Z by (apply Rmult_eq_reg_r with (zb - y + 2 * y * zb); [|lra]; rewrite Ez; field; lra).
  assert (za = y * (zb + y) / (zb - y + 2 * y * zb)) as A by (apply Rmult_eq_reg_r with (zb - y + 2 * y * zb); [|lra]; rewrite Ea; field; lra).
  split; [apply moderate_app; assumption|]. split; [lra|].
  split; [rewrite contraction_app, Ca, Cb, (joining_factor y Hy), Z, A; field; lra|].
  intro x. specialize (Ha x). unfold core in *. unfold inside in *. rewrite discounted_app, descend_app, (joining_factor y Hy), Cb.
  set (P := descend x a) in *. set (s := (P - joining_step y * G P)%V). specialize (Pb s).
  pose proof (entering P zb b s Hb) as Ep. pose proof (entering (descend s b) zb b s Hb) as Eq. unfold inside in *.
  set (n := descend s b) in *. pose proof (interpolation P n) as Qpq. pose proof (interpolation n P) as Qqp. unfold q in *.
  pose proof (joined y P Hy) as Js. fold s in Js.
  unfold norm2 in *. rewrite (alike_inner _ _ _ _ Js Js) in Pb. rewrite Js, position in Ep, Eq.
  set (Ia := discounted _ x a) in *. set (Ib := discounted _ s b) in *.
  assert (m * (1 - m) * joining_step y = (1 - m) * (m + y) / (1 + y)) as -> by (unfold joining_step; field; lra).
  set (X := inner (x - o) (x - o)) in *.
  expanded Ep. expanded Eq. expanded Qpq. expanded Qqp. expanded Pb. expanded Ha. expand_inner.
  rewrite ?(inner_sym V (W P) (p P)), ?(inner_sym V (p n) (p P)), ?(inner_sym V (W n) (p P)), ?(inner_sym V (p n) (W P)),
    ?(inner_sym V (W n) (W P)), ?(inner_sym V (W n) (p n)) in *.
  set (e := (1 - zb) / (1 + y)). set (K := (z / zb) ^ 2).
  assert (0 < e) as Pe by (apply Rdiv_lt_0_compat; lra).
  assert (1 <= z / zb) as Pz. { apply Rmult_le_reg_r with zb; [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
  assert (1 <= K) as PK by (unfold K; nra).
  assert (0 <= e ^ 2) as c1 by nra. assert (0 <= (K - 1) * e) as c2 by nra. assert (0 <= (K - 1) * e * m) as c3 by nra.
  assert (0 <= (K - 1) * e * y) as c4 by nra. assert (0 <= K - 1) as c5 by lra. assert (0 <= K) as c6 by lra.
  apply (Rmult_le_pos _ _ c1) in Ha. apply (Rmult_le_pos _ _ c6) in Pb. apply (Rmult_le_pos _ _ c2) in Ep.
  apply (Rmult_le_pos _ _ c5) in Eq. apply (Rmult_le_pos _ _ c3) in Qpq. apply (Rmult_le_pos _ _ c4) in Qqp.
  pose proof (Rplus_le_le_0_compat _ _ (Rplus_le_le_0_compat _ _ (Rplus_le_le_0_compat _ _ Ha Pb)
    (Rplus_le_le_0_compat _ _ Ep Eq)) (Rplus_le_le_0_compat _ _ Qpq Qqp)) as T.
  clear - T Z A Hy Hd Hm Zb Hyz. same_as T. unfold e, K. rewrite Z, A. field. lra.
Qed.

(* A schedule of kind s, closed by a step: a contraction of the distance to o, where o is a minimiser. *)
Theorem closed : forall a z, alike (G o) zero -> block z a -> forall x,
  norm2 (descend x (a ++ [joining_step z]) - o) <= ((1 - z) / (1 + z)) ^ 2 * norm2 (x - o).
Proof.
  intros a z So Hb x. pose proof Hb as [M [Hz [C H]]]. specialize (H x). rewrite descend_app. simpl descend.
  pose proof (entering o z a x Hb) as En. unfold core in H. set (n := descend x a) in *.
  assert (0 < z) as Pz by lra.
  pose proof (joined z n Pz) as J. unfold norm2 at 1. rewrite (alike_inner _ _ _ _ J J).
  assert (forall v, inner (W o) v = 0 /\ inner (p o) v = 0) as Zo.
  { intro v. pose proof (slope o v) as S1. pose proof (position o v) as P1. rewrite So in S1. expand_inner_in S1. expand_inner_in P1.
    assert (inner (p o) v + inner (W o) v = 0) as S2 by (apply Rmult_eq_reg_l with m; lra).
    assert ((1 - m) * inner (W o) v = 0) as S3 by lra. apply Rmult_integral in S3. lra. }
  pose proof (interpolation n o) as Q1. pose proof (interpolation o n) as Q2. unfold q in Q1, Q2.
  set (X := norm2 (x - o)) in *. set (I := inside x a) in *. expanded En. expanded Q1. expanded Q2. expanded H. expand_inner.
  rewrite ?(fun v => inner_sym V v (p o)) in *.
  repeat match goal with T : context [inner (W o) ?v] |- _ => rewrite (proj1 (Zo v)) in T end.
  repeat match goal with T : context [inner ?v (p o)] |- _ => rewrite (inner_sym V v (p o)), (proj2 (Zo v)) in T end.
  repeat match goal with T : context [inner (p o) ?v] |- _ => rewrite (proj2 (Zo v)) in T end.
  assert (0 <= 2 * (1 - z)) as c1 by lra. assert (0 <= 2 * z + 2 * m * (1 - z) + 2 * z ^ 2) as c2.
  { assert (0 <= m * (1 - z)) by (apply Rmult_le_pos; lra). nra. }
  assert (0 <= 4 * z) as c3 by lra.
  apply (Rmult_le_pos _ _ c1) in En. apply (Rmult_le_pos _ _ c2) in Q2. apply (Rmult_le_pos _ _ c3) in Q1.
  pose proof (Rplus_le_le_0_compat _ _ (Rplus_le_le_0_compat _ _ En Q2) (Rplus_le_le_0_compat _ _ Q1 H)) as T.
  rewrite ?(inner_sym V (W n) (p n)) in *.
  assert (0 <= ((1 - m) / (1 + z)) ^ 2) as c4 by apply pow2_ge_0.
  apply (Rmult_le_pos _ _ c4) in T. clear - T Hm Hz Pz.
  match goal with |- ?l <= ?r => cut (0 <= r - l); [lra|] end. same_as T. field. lra.
Qed.

(* A block of kind f and of weight u. Y is the sum of s_i W_i and S that of s_i (<W_i, p_i> - E_i). *)
Definition f_block (u : R) (hs : list R) := 0 < u /\ forall x, exists (S : R) (Y : V),
  (forall v, 0 <= 2 * (1 - m) * u * E v + S - inner Y (p v)) /\
  0 <= / 2 * norm2 (x - o) - u * F (descend x hs) - m / 2 * S
       - (1 - m) / (m * u + 1 - m) / 2 * norm2 (x - o - (m / (2 * (1 - m))) * Y).

Lemma empty_f : f_block 1 [].
Proof.
  split; [lra|]. intro x. exists (2 * (1 - m) * (inner (W x) (p x) - E x)), ((2 * (1 - m)) * W x)%V. split.
  - intro v. pose proof (interpolation v x) as Q1. unfold q in Q1. expanded Q1. expand_inner.
    apply (Rmult_le_compat_l (2 * (1 - m))) in Q1; [|lra]. lra.
  - simpl descend. rewrite height. assert (alike (x - o - m / (2 * (1 - m)) * (2 * (1 - m) * W x)) (p x)) as A.
    { intro v. rewrite (inner_minus (V := V)), position. expand_inner. field. lra. }
    unfold norm2. rewrite (alike_inner _ _ _ _ A A), (alike_inner _ _ _ _ (position x) (position x)).
    expand_inner. rewrite (inner_sym V (W x) (p x)). match goal with |- 0 <= ?a => replace a with 0; [lra|field; lra] end.
Qed.

Definition factor (z y : R) : R := ((1 + y) * z / ((1 - z) * y)) ^ 2.

Theorem f_join : forall a b z u y, block z a -> f_block u b -> 0 < y < z ->
  (1 - m) * y ^ 2 * (2 + y - z) = m * u * (1 + y) ^ 2 * (z - y) ->
  f_block (factor z y * u) (a ++ joining_step y :: b).
Proof.
  intros a b z u y Ba [Hu Hb] Hy Hc. pose proof Ba as [Ma [Hz [Ca Ha]]]. assert (0 < y) as Py by lra.
  assert (0 < factor z y) as Pk.
  { unfold factor. apply pow_lt. apply Rdiv_lt_0_compat; apply Rmult_lt_0_compat; lra. }
  split; [apply Rmult_lt_0_compat; assumption|]. intro x. specialize (Ha x). rewrite descend_app. unfold core in Ha.
  pose proof (fun v => entering v z a x Ba) as En.
  set (P := descend x a) in *. set (s := (P - joining_step y * G P)%V). destruct (Hb s) as [S [Y [H1 H2]]]. set (n := descend s b) in *.
  assert (u = (1 - m) * y ^ 2 * (2 + y - z) / (m * (1 + y) ^ 2 * (z - y))) as U.
  { apply Rmult_eq_reg_r with (m * (1 + y) ^ 2 * (z - y)); [|apply Rgt_not_eq; repeat apply Rmult_lt_0_compat; try apply pow_lt; lra].
    replace (u * (m * (1 + y) ^ 2 * (z - y))) with (m * u * (1 + y) ^ 2 * (z - y)) by ring. rewrite <- Hc. field. lra. }
  set (ca := 2 * (1 - m) ^ 2 / (m * (1 - z))). set (cp := ca * ((1 + y) * z / (1 - z) + m)).
  set (cb := factor z y * (y / z)).
  assert (0 <= ca) as Pa. { unfold ca. left. apply Rdiv_lt_0_compat; [assert (0 < (1 - m) ^ 2) by (apply pow_lt; lra); lra|apply Rmult_lt_0_compat; lra]. }
  assert (0 <= cp) as Pp.
  { unfold cp. apply Rmult_le_pos; [exact Pa|]. assert (0 < (1 + y) * z / (1 - z)) by (apply Rdiv_lt_0_compat; [apply Rmult_lt_0_compat|]; lra). lra. }
  assert (0 <= cb) as Pb. { unfold cb. left. apply Rmult_lt_0_compat; [exact Pk|]. apply Rdiv_lt_0_compat; lra. }
  exists (- ca * inside x a + cp * (inner (W P) (p P) - E P) + cb * S).
  exists (ca * (((1 - z) / (1 - m)) * (x - o) - (P - o)) + cp * W P + cb * Y)%V. split.
  - intro v. specialize (H1 v). specialize (En v). pose proof (interpolation v P) as Q1. unfold q in Q1.
    set (I := inside x a) in *.
    apply (Rmult_le_pos _ _ Pa) in En. apply (Rmult_le_pos _ _ Pp) in Q1. apply (Rmult_le_pos _ _ Pb) in H1.
    pose proof (Rplus_le_le_0_compat _ _ (Rplus_le_le_0_compat _ _ En Q1) H1) as T. expanded T. expand_inner. clear - T U Hm Hz Hy Py.
    same_as T. unfold cb, cp, ca, factor. rewrite U. field. lra.
  - specialize (H1 P). clear En. pose proof (joined y P Py) as Js. fold s in Js. set (I := inside x a) in *.
    assert (alike (s - o - m / (2 * (1 - m)) * Y) ((1 - m) / (1 + y) * (p P - y * W P) - m / (2 * (1 - m)) * Y)) as J2.
    { intro v. rewrite (inner_minus (V := V)), Js. symmetry. apply inner_minus. }
    unfold norm2 in H2. rewrite (alike_inner _ _ _ _ J2 J2), (alike_inner _ _ _ _ Js Js) in H2.
    assert (alike (x - o - m / (2 * (1 - m)) * (ca * ((1 - z) / (1 - m) * (x - o) - (P - o)) + cp * W P + cb * Y))
      ((1 - m / (2 * (1 - m)) * ca * ((1 - z) / (1 - m))) * (x - o)
       + (m / (2 * (1 - m))) * ((ca * (p P + m * W P)) - cp * W P - cb * Y))) as J3.
    { intro v. expand_inner. pose proof (position P v) as Pv. expanded Pv.
      replace (inner (p P) v) with (inner P v + -1 * inner o v - m * inner (W P) v) by lra. ring. }
    unfold norm2. rewrite (alike_inner _ _ _ _ J3 J3). unfold norm2 in Ha. set (xo := (x - o)%V) in *. clearbody xo.
    assert (0 <= ((1 - m) / (1 - z)) ^ 2 / 2) as c1 by (pose proof (pow2_ge_0 ((1 - m) / (1 - z))); lra).
    assert (0 <= factor z y) as c2 by lra. assert (0 <= m / 2 * factor z y * (1 - y / z)) as c3.
    { apply Rmult_le_pos; [apply Rmult_le_pos; lra|]. assert (y / z <= 1); [|lra].
      apply Rmult_le_reg_r with z; [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
    apply (Rmult_le_pos _ _ c1) in Ha. apply (Rmult_le_pos _ _ c2) in H2. apply (Rmult_le_pos _ _ c3) in H1.
    pose proof (Rplus_le_le_0_compat _ _ (Rplus_le_le_0_compat _ _ Ha H2) H1) as T. expanded T. expand_inner.
    rewrite ?(inner_sym V (W P) (p P)), ?(inner_sym V Y (p P)), ?(inner_sym V Y (W P)), ?(inner_sym V (p P) xo),
      ?(inner_sym V (W P) xo), ?(inner_sym V Y xo) in *.
    assert (0 < z - y + 2 * y * z) as Pd by (assert (0 < y * z) by (apply Rmult_lt_0_compat; lra); lra).
    assert ((1 - m) / (m * u + 1 - m) = (1 + y) ^ 2 * (z - y) / (z - y + 2 * y * z)) as A1.
    { rewrite U. field. repeat split; try lra.
      apply Rgt_not_eq. assert (0 < (1 - m) * (z - y + 2 * y * z)) by (apply Rmult_lt_0_compat; lra).
      lra. }
    assert ((1 - m) / (m * (factor z y * u) + 1 - m) = (1 - z) ^ 2 * (z - y) / (z - y + 2 * y * z)) as A2.
    { unfold factor. rewrite U. field. repeat split; try lra.
      apply Rgt_not_eq. assert (0 < (1 - m) * (z - y + 2 * y * z)) by (apply Rmult_lt_0_compat; lra).
      lra. }
    rewrite A1 in T. rewrite A2. clear - T U Hm Hz Hy Py Pd. same_as T. unfold cb, cp, ca, factor. rewrite U. field. lra.
Qed.

(* A block of kind g and of weight u. *)
Definition g_block (u : R) (hs : list R) := 0 < u /\
  forall x, 0 <= F x - F (descend x hs) - (u - 1) / 2 * norm2 (G (descend x hs)).

Lemma empty_g : g_block 1 [].
Proof. split; [lra|]. intro x. simpl. lra. Qed.

Theorem g_join : forall b a z u y, g_block u b -> block z a -> 0 < y < z ->
  (1 - m) * y ^ 2 * (2 + y - z) = m * u * (1 + y) ^ 2 * (z - y) ->
  g_block (factor z y * u) (b ++ joining_step y :: a).
Proof.
  intros b a z u y [Hu Hb] Ba Hy Hc. pose proof Ba as [Ma [Hz [Ca Ha]]]. assert (0 < y) as Py by lra.
  split; [apply Rmult_lt_0_compat; [|exact Hu]; unfold factor; apply pow_lt; apply Rdiv_lt_0_compat; apply Rmult_lt_0_compat; lra|].
  intro x. specialize (Hb x). rewrite descend_app. set (P := descend x b) in *. set (s := (P - joining_step y * G P)%V).
  specialize (Ha s). unfold core in Ha. pose proof (entering P z a s Ba) as Ep. pose proof (entering (descend s a) z a s Ba) as Eq.
  set (n := descend s a) in *. pose proof (interpolation P n) as Qpq. pose proof (interpolation n P) as Qqp. unfold q in Qpq, Qqp.
  assert (u = (1 - m) * y ^ 2 * (2 + y - z) / (m * (1 + y) ^ 2 * (z - y))) as U.
  { apply Rmult_eq_reg_r with (m * (1 + y) ^ 2 * (z - y)); [|apply Rgt_not_eq; repeat apply Rmult_lt_0_compat; try apply pow_lt; lra].
    replace (u * (m * (1 + y) ^ 2 * (z - y))) with (m * u * (1 + y) ^ 2 * (z - y)) by ring. rewrite <- Hc. field. lra. }
  pose proof (joined y P Py) as Js. fold s in Js.
  unfold norm2 in *. rewrite (alike_inner _ _ _ _ Js Js) in Ha. rewrite Js, position in Ep, Eq.
  rewrite (height P) in Hb. rewrite (height n). unfold norm2 in Hb |- *.
  rewrite (alike_inner _ _ _ _ (position P) (position P)), (alike_inner _ _ _ _ (slope P) (slope P)) in Hb.
  rewrite (alike_inner _ _ _ _ (position n) (position n)), (alike_inner _ _ _ _ (slope n) (slope n)).
  set (I := inside s a) in *.
  expanded Ep. expanded Eq. expanded Qpq. expanded Qqp. expanded Hb. expanded Ha. expand_inner.
  rewrite ?(inner_sym V (W P) (p P)), ?(inner_sym V (p n) (p P)), ?(inner_sym V (W n) (p P)), ?(inner_sym V (p n) (W P)),
    ?(inner_sym V (W n) (W P)), ?(inner_sym V (W n) (p n)) in *.
  set (e := (1 - z) / (1 + y)). set (t := (1 - m) / ((1 - z) * (z - y))).
  assert (0 < e) as Pe by (apply Rdiv_lt_0_compat; lra).
  assert (0 < t) as Pt by (apply Rdiv_lt_0_compat; [lra|apply Rmult_lt_0_compat; lra]).
  assert (0 <= m / 2 * (t * (1 + e) / e)) as c1.
  { apply Rmult_le_pos; [lra|]. left. apply Rdiv_lt_0_compat; [apply Rmult_lt_0_compat; lra|exact Pe]. }
  assert (0 <= m * t * (1 - z)) as c2 by (apply Rmult_le_pos; [apply Rmult_le_pos; lra|lra]).
  assert (0 <= m * t * (1 - z) / e) as c3 by (apply Rmult_le_pos; [exact c2|left; apply Rinv_0_lt_compat; exact Pe]).
  assert (0 <= m * t * (1 - z) * m) as c4 by (apply Rmult_le_pos; lra).
  assert (0 <= m * t * (1 - z) * y) as c5 by (apply Rmult_le_pos; lra).
  apply (Rmult_le_pos _ _ c1) in Ha. apply (Rmult_le_pos _ _ c2) in Ep. apply (Rmult_le_pos _ _ c3) in Eq.
  apply (Rmult_le_pos _ _ c4) in Qpq. apply (Rmult_le_pos _ _ c5) in Qqp.
  pose proof (Rplus_le_le_0_compat _ _ (Rplus_le_le_0_compat _ _ (Rplus_le_le_0_compat _ _ Hb Ha)
    (Rplus_le_le_0_compat _ _ Ep Eq)) (Rplus_le_le_0_compat _ _ Qpq Qqp)) as T.
  clear - T U Hm Hz Hy Py. same_as T. unfold e, t, factor. rewrite U. field. lra.
Qed.

(* Rates of blocks, for a minimiser o. *)
Section Rates.
Hypothesis stationary : alike (G o) zero.

Lemma at_minimiser : forall v, inner (W o) v = 0 /\ inner (p o) v = 0.
Proof.
  intro v. pose proof (slope o v) as S1. pose proof (position o v) as P1. rewrite stationary in S1. expand_inner_in S1. expand_inner_in P1.
  assert (inner (p o) v + inner (W o) v = 0) as S2 by (apply Rmult_eq_reg_l with m; lra).
  assert ((1 - m) * inner (W o) v = 0) as S3 by lra. apply Rmult_integral in S3. lra.
Qed.

Theorem f_value : forall u hs, f_block u hs -> forall x, 2 * u * (F (descend x hs) - F o) <= norm2 (x - o).
Proof.
  intros u hs [Hu H] x. destruct (H x) as [S [Y [H1 H2]]]. specialize (H1 o). rewrite (inner_sym V Y), (proj2 (at_minimiser Y)) in H1.
  assert (F o = m * (1 - m) * E o) as Fo.
  { rewrite height. unfold norm2. rewrite (proj1 (at_minimiser (W o))). expand_inner. field. }
  rewrite Fo. assert (0 <= (1 - m) / (m * u + 1 - m) / 2 * norm2 (x - o - m / (2 * (1 - m)) * Y)) as Sq.
  { apply Rmult_le_pos; [|apply norm2_pos]. assert (0 < m * u) by (apply Rmult_lt_0_compat; lra).
    assert (0 < (1 - m) / (m * u + 1 - m)) by (apply Rdiv_lt_0_compat; lra). lra. }
  apply (Rmult_le_compat_l m) in H1; [|lra]. lra.
Qed.
End Rates.
End Blocks.

(* The coordinates of a function between two parabolas. *)
Section Coordinates.
Context {V : inner_space}.
Variables (m : R) (F : V -> R) (G : V -> V) (o : V).
Hypothesis Hm : 0 < m < 1.

Definition p_of (x : V) : V := ((/ (1 - m)) * (x - o - G x))%V.
Definition W_of (x : V) : V := ((/ (m * (1 - m))) * (G x - m * (x - o)))%V.
Definition E_of (x : V) : R := (F x - (m ^ 2 * (1 - m) * norm2 (W_of x) + m * norm2 (x - o)) / 2) / (m * (1 - m)).

Lemma position_of : forall x, alike (x - o) (p_of x + m * W_of x).
Proof. intros x z. unfold p_of, W_of. expand_inner. field. lra. Qed.
Lemma slope_of : forall x, alike (G x) (m * (p_of x + W_of x)).
Proof. intros x z. unfold p_of, W_of. expand_inner. field. lra. Qed.
Lemma height_of : forall x, F x = m * (1 - m) * E_of x + (m ^ 2 * (1 - m) * norm2 (W_of x) + m * norm2 (x - o)) / 2.
Proof. intro x. unfold E_of. field. lra. Qed.

Lemma interpolation_of : between_parabolas m 1 F G -> forall x y, 0 <= q p_of W_of E_of x y.
Proof.
  intros B x y. pose proof (interpolation_inequality V F G m (proj2 Hm) B x y) as H. unfold q, E_of, p_of, W_of.
  expand_inner_in H. expand_inner.
  rewrite ?(inner_sym V (G y) (G x)), ?(inner_sym V (G y) y), ?(inner_sym V (G y) x), ?(inner_sym V (G y) o), ?(inner_sym V (G x) x),
    ?(inner_sym V (G x) y), ?(inner_sym V (G x) o), ?(inner_sym V y x), ?(inner_sym V o x), ?(inner_sym V o y) in *.
  apply (Rmult_le_compat_l (/ (2 * m * (1 - m) ^ 2))) in H.
  - rewrite Rmult_0_r in H.
    match type of H with 0 <= ?l => match goal with |- 0 <= ?r => replace r with l; [exact H|field; lra] end end.
  - left. apply Rinv_0_lt_compat. assert (0 < (1 - m) ^ 2) by (apply pow_lt; lra). nra.
Qed.
End Coordinates.
