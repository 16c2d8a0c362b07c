(* Joins of schedules for convex functions: the rules of docs/mathematics-joins.md, sections 1 to 3, for blocks of any length.

   F and G are a function and its gradient scaled to L = 1; all that is used of them is the interpolation inequality. A block is a
   list of steps. What is proved about a block speaks of its start, its end and three sums over the points between. *)
From Coq Require Import Reals Lra Psatz List.
From Pep Require Import Space Classes Methods Huber.
Import ListNotations.
Open Scope R_scope.

Definition nonnegative_steps (hs : list R) := Forall (fun h => 0 <= h) hs.

Lemma total_app : forall a h b, total (a ++ h :: b) = total a + h + total b.
Proof. induction a as [|c a IH]; intros h b; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma nonnegative_app : forall a h b, nonnegative_steps a -> 0 <= h -> nonnegative_steps b -> nonnegative_steps (a ++ h :: b).
Proof. intros a h b A H B. apply Forall_app. split; [exact A|]. constructor; assumption. Qed.

Section Descent.
Context {V : inner_space}.
Variable G : V -> V.

Fixpoint descend (x : V) (hs : list R) : V := match hs with
  | [] => x
  | h :: hs' => descend (x - h * G x)%V hs'
  end.

(* the sum of phi h_i x_i over the points before the last *)
Fixpoint along (phi : R -> V -> R) (x : V) (hs : list R) : R := match hs with
  | [] => 0
  | h :: hs' => phi h x + along phi (x - h * G x)%V hs'
  end.

Lemma descend_app : forall a x h b, descend x (a ++ h :: b) = descend (descend x a - h * G (descend x a))%V b.
Proof. induction a as [|c a IH]; intros x h b; simpl; [reflexivity|]. apply IH. Qed.

Lemma along_app : forall phi a x h b, along phi x (a ++ h :: b)
  = along phi x a + phi h (descend x a) + along phi (descend x a - h * G (descend x a))%V b.
Proof. induction a as [|c a IH]; intros x h b; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma along_pos : forall phi hs x, (forall h y, In h hs -> 0 <= phi h y) -> 0 <= along phi x hs.
Proof.
  induction hs as [|h hs IH]; intros x H; simpl; [lra|].
  pose proof (H h x (or_introl eq_refl)). specialize (IH (x - h * G x)%V (fun k y I => H k y (or_intror I))). lra.
Qed.

(* The sum of h_i g_i is x_0 - x_n. *)
Lemma along_moved : forall z hs x, along (fun h y => h * inner (G y) z) x hs = inner (x - descend x hs) z.
Proof.
  intro z. induction hs as [|h hs IH]; intro x; simpl; [expand_inner; ring|]. rewrite IH. expand_inner. ring.
Qed.

Lemma along_squares : forall hs x, along (fun h y => h * inner (G y) y) x hs
  = (norm2 x - norm2 (descend x hs) + along (fun h y => h * h * norm2 (G y)) x hs) / 2.
Proof.
  induction hs as [|h hs IH]; intro x; simpl; [field|]. rewrite IH. unfold norm2 at 2. expand_inner.
  rewrite (inner_sym V x (G x)). field.
Qed.
End Descent.

Section Blocks.
Context {V : inner_space}.
Variables (F : V -> R) (G : V -> V).

Definition Q (x y : V) : R := F x - F y - inner (G y) (x - y) - / 2 * norm2 (G x - G y).
Hypothesis interpolation : forall x y, 0 <= Q x y.

Notation descend := (descend G).
Notation along := (along G).

Definition P (x : V) (hs : list R) : R :=
  along (fun h y => h * F y) x hs - total hs * F (descend x hs)
  - / 2 * along (fun h y => h * h * norm2 (G y)) x hs + / 2 * along (fun h y => h * norm2 (G y)) x hs
  - / 2 * total hs * (total hs + 1) * norm2 (G (descend x hs)).

Definition s_block (hs : list R) := nonnegative_steps hs /\ forall x, 0 <= P x hs.

(* the sum of h_i Q(z, x_i) *)
Lemma along_Q : forall z hs x, along (fun h y => h * Q z y) x hs
  = total hs * F z - along (fun h y => h * F y) x hs - inner (x - descend x hs) z
    + along (fun h y => h * inner (G y) y) x hs - / 2 * total hs * norm2 (G z)
    + inner (x - descend x hs) (G z) - / 2 * along (fun h y => h * norm2 (G y)) x hs.
Proof.
  intro z. induction hs as [|h hs IH]; intro x; simpl; [expand_inner; ring|]. rewrite IH. unfold Q. expand_inner.
  rewrite (inner_sym V (G z) (G x)). field.
Qed.

(* How a block enters a join: E_z is at least zero, and speaks of the ends of the block only. *)
Lemma entering : forall z hs x, s_block hs -> 0 <=
  total hs * (F z - F (descend x hs)) - inner (x - descend x hs) z + (norm2 x - norm2 (descend x hs)) / 2
  - / 2 * total hs * norm2 (G z) + inner (x - descend x hs) (G z)
  - / 2 * total hs * (total hs + 1) * norm2 (G (descend x hs)).
Proof.
  intros z hs x [N H]. specialize (H x).
  assert (0 <= along (fun h y => h * Q z y) x hs) as S.
  { apply along_pos. intros h y I. apply Rmult_le_pos; [|apply interpolation].
    unfold nonnegative_steps in N. rewrite Forall_forall in N. apply N, I. }
  rewrite along_Q, along_squares in S. unfold P in H. lra.
Qed.

Lemma s_empty : s_block [].
Proof. split; [constructor|]. intro x. unfold P. simpl. lra. Qed.

Theorem s_join : forall a b psi, s_block a -> s_block b -> 0 < psi < 1 + total b ->
  (1 + total a) * (1 + total b - psi) = psi * (1 + total b + psi) -> s_block (a ++ (1 + psi) :: b).
Proof.
  intros a b psi Sa Sb Hp Ha. destruct Sa as [Na Pa].
  split; [apply nonnegative_app; [exact Na|lra|apply Sb]|]. intro x. specialize (Pa x).
  unfold P in *. rewrite !along_app, descend_app, total_app. set (p := descend x a) in *.
  set (y := (p - (1 + psi) * G p)%V). pose proof (entering p b y Sb) as Ep. pose proof (entering (descend y b) b y Sb) as Eq.
  pose proof (proj2 Sb y) as Pb. unfold P in Pb. set (q := descend y b) in *.
  pose proof (interpolation p q) as Qpq. pose proof (interpolation q p) as Qqp. unfold Q in *.
  set (B := total b) in *. assert (total a = psi * (1 + B + psi) / (1 + B - psi) - 1) as EA.
  { apply Rmult_eq_reg_r with (1 + B - psi); [|lra]. field_simplify; [|lra]. lra. }
  rewrite EA in *. clear EA Ha.
  unfold y in Ep, Eq. expand_inner_in Ep. expand_inner_in Eq. expand_inner_in Qpq. expand_inner_in Qqp. expand_inner_in Pb.
  expand_inner_in Pa. expand_inner.
  rewrite ?(inner_sym V q p), ?(inner_sym V (G p) p), ?(inner_sym V (G q) p), ?(inner_sym V q (G p)),
    ?(inner_sym V (G q) (G p)), ?(inner_sym V (G q) q) in *.
  set (t := 2 * psi * (1 + B) / (1 + B - psi) ^ 2).
  assert (0 <= t) as Ht.
  { unfold t, Rdiv. apply Rmult_le_pos; [nra|]. left. apply Rinv_0_lt_compat. apply pow_lt. lra. }
  pose proof (Rmult_le_pos _ _ Ht Ep) as M1. pose proof (Rmult_le_pos _ _ Ht Eq) as M2.
  pose proof (Rmult_le_pos _ _ Ht Qpq) as M3. assert (0 <= t * psi) as Htp by nra.
  pose proof (Rmult_le_pos _ _ Htp Qqp) as M4.
  pose proof (Rplus_le_le_0_compat _ _ M1 M2) as S1. pose proof (Rplus_le_le_0_compat _ _ M3 M4) as S2.
  pose proof (Rplus_le_le_0_compat _ _ S1 S2) as S3. pose proof (Rplus_le_le_0_compat _ _ Pa Pb) as S4.
  pose proof (Rplus_le_le_0_compat _ _ S3 S4) as S5. clear - S5 Hp.
  match type of S5 with 0 <= ?l => match goal with |- 0 <= ?r => replace r with l; [exact S5|] end end.
  unfold t. field. lra.
Qed.

(* A block of kind f, of weight w = 2 H + 1. Y is the sum of tau_i g_i and S that of tau_i (<g_i, x_i> - f_i - |g_i|^2 / 2); the first
   inequality is the sum of tau_i Q(z, x_i), for any z. *)
Definition f_block (w : R) (hs : list R) := nonnegative_steps hs /\ total hs = (w - 1) / 2 /\
  forall x, exists (S : R) (Y : V),
    (forall z, 0 <= w * (F z - / 2 * norm2 (G z)) + S - inner Y z + inner Y (G z)) /\
    0 <= inner Y x - / 2 * norm2 Y - w * F (descend x hs) - S.

Theorem s_is_f : forall hs, s_block hs -> f_block (2 * (1 + total hs) - 1) hs.
Proof.
  intros hs [N H]. split; [exact N|]. split; [field|]. intro x. specialize (H x). set (n := descend x hs) in *.
  set (T := total hs) in *.
  exists (along (fun h y => h * inner (G y) y) x hs - along (fun h y => h * F y) x hs
          - / 2 * along (fun h y => h * norm2 (G y)) x hs + (T + 1) * (inner (G n) n - F n - / 2 * norm2 (G n))).
  exists ((x - n) + (T + 1) * G n)%V.
  assert (0 <= T) as PT by (apply total_pos; exact N). split.
  - intro z. assert (0 <= along (fun h y => h * Q z y) x hs) as Sz.
    { apply along_pos. intros h y I. apply Rmult_le_pos; [|apply interpolation].
      unfold nonnegative_steps in N. rewrite Forall_forall in N. apply N, I. }
    rewrite along_Q in Sz. fold n T in Sz. pose proof (interpolation z n) as Zn. unfold Q in Zn.
    apply (Rmult_le_compat_l (T + 1)) in Zn; [|lra]. rewrite Rmult_0_r in Zn.
    expand_inner_in Sz. expand_inner_in Zn. expand_inner. rewrite ?(inner_sym V (G z) (G n)) in *. lra.
  - unfold P in H. fold n T in H. rewrite along_squares. fold n. expand_inner_in H. expand_inner.
    rewrite ?(inner_sym V (G n) n), ?(inner_sym V n x), ?(inner_sym V (G n) x) in *. lra.
Qed.

Theorem f_join : forall a b w theta, s_block a -> f_block w b -> 0 < w -> 1 < theta ->
  1 + total a = (theta ^ 2 - theta) * w / 2 -> f_block (theta ^ 2 * w) (a ++ (1 + (theta - 1) * w / 2) :: b).
Proof.
  intros a b w theta [Na Pa] [Nb [Tb Hb]] Hw Ht Ha.
  assert (0 <= (theta - 1) * w / 2) as Hpsi by nra.
  split; [apply nonnegative_app; [exact Na|lra|exact Nb]|].
  split; [rewrite total_app, Tb; replace (total a) with ((theta ^ 2 - theta) * w / 2 - 1) by lra; field|].
  intro x. specialize (Pa x). rewrite descend_app. set (p := descend x a) in *.
  set (y := (p - (1 + (theta - 1) * w / 2) * G p)%V). destruct (Hb y) as [S [Y [H1 H2]]]. set (q := descend y b) in *.
  assert (total a = (theta ^ 2 - theta) * w / 2 - 1) as EA by lra.
  set (A := total a) in *.
  exists (along (fun h y => h * inner (G y) y) x a - along (fun h y => h * F y) x a - / 2 * along (fun h y => h * norm2 (G y)) x a
          + (A + 2) * (inner (G p) p - F p - / 2 * norm2 (G p)) + theta * S).
  exists ((x - p) + (A + 2) * G p + theta * Y)%V.
  assert (0 <= A) as PA by (apply total_pos; exact Na). split.
  - intro z. specialize (H1 z). apply (Rmult_le_compat_l theta) in H1; [|lra]. rewrite Rmult_0_r in H1.
    assert (0 <= along (fun h y => h * Q z y) x a) as Sz.
    { apply along_pos. intros h v I. apply Rmult_le_pos; [|apply interpolation].
      unfold nonnegative_steps in Na. rewrite Forall_forall in Na. apply Na, I. }
    rewrite along_Q in Sz. fold p A in Sz. pose proof (interpolation z p) as Zp. unfold Q in Zp.
    apply (Rmult_le_compat_l (A + 2)) in Zp; [|lra]. rewrite Rmult_0_r in Zp.
    expand_inner_in Sz. expand_inner_in Zp. expand_inner_in H1. expand_inner.
    rewrite ?(inner_sym V (G z) (G p)) in *. rewrite EA in *.
    pose proof (Rplus_le_le_0_compat _ _ (Rplus_le_le_0_compat _ _ H1 Zp) Sz) as T. clear - T.
    match type of T with 0 <= ?l => match goal with |- 0 <= ?r => replace r with l; [exact T|field] end end.
  - specialize (H1 p). unfold P in Pa. rewrite along_squares. fold p A in Pa |- *.
    apply (Rmult_le_compat_l (theta ^ 2)) in H2; [|nra]. rewrite Rmult_0_r in H2.
    apply (Rmult_le_compat_l (theta * (theta - 1))) in H1; [|nra]. rewrite Rmult_0_r in H1.
    unfold y in H2. expand_inner_in H2. expand_inner_in H1. expand_inner_in Pa. expand_inner. rewrite EA in *.
    rewrite ?(inner_sym V (G p) p), ?(inner_sym V p x), ?(inner_sym V (G p) x), ?(inner_sym V Y x), ?(inner_sym V Y p),
      ?(inner_sym V Y (G p)) in *.
    pose proof (Rplus_le_le_0_compat _ _ (Rplus_le_le_0_compat _ _ H1 H2) Pa) as T. clear - T.
    match type of T with 0 <= ?l => match goal with |- 0 <= ?r => replace r with l; [exact T|field] end end.
Qed.

(* A block of kind g, of weight w = 2 H + 1. *)
Definition g_block (w : R) (hs : list R) := nonnegative_steps hs /\ total hs = (w - 1) / 2 /\
  forall x, 0 <= F x - F (descend x hs) - (w - 1) / 2 * norm2 (G (descend x hs)).

Lemma g_empty : g_block 1 [].
Proof. split; [constructor|]. split; [simpl; field|]. intro x. simpl. lra. Qed.

Theorem g_join : forall b a w theta, g_block w b -> s_block a -> 0 < w -> 1 < theta ->
  1 + total a = (theta ^ 2 - theta) * w / 2 -> g_block (theta ^ 2 * w) (b ++ (1 + (theta - 1) * w / 2) :: a).
Proof.
  intros b a w theta [Nb [Tb Hb]] Sa Hw Ht Ha.
  assert (0 <= (theta - 1) * w / 2) as Hpsi by nra.
  split; [apply nonnegative_app; [exact Nb|lra|apply Sa]|].
  assert (total a = (theta ^ 2 - theta) * w / 2 - 1) as EA by lra.
  split; [rewrite total_app, Tb, EA; field|].
  intro x. specialize (Hb x). rewrite descend_app. set (p := descend x b) in *.
  set (y := (p - (1 + (theta - 1) * w / 2) * G p)%V).
  pose proof (entering p a y Sa) as Ep. pose proof (entering (descend y a) a y Sa) as Eq. set (q := descend y a) in *.
  pose proof (interpolation p q) as Qpq. pose proof (interpolation q p) as Qqp. unfold Q in *. rewrite EA in *.
  unfold y in Ep, Eq. expand_inner_in Ep. expand_inner_in Eq. expand_inner_in Qpq. expand_inner_in Qqp. expand_inner_in Hb. expand_inner.
  rewrite ?(inner_sym V q p), ?(inner_sym V (G p) p), ?(inner_sym V (G q) p), ?(inner_sym V q (G p)),
    ?(inner_sym V (G q) (G p)), ?(inner_sym V (G q) q) in *.
  set (t := 2 / ((theta - 1) ^ 2 * w)). assert (0 < (theta - 1) ^ 2 * w) as Pd by (apply Rmult_lt_0_compat; [apply pow_lt|]; lra).
  assert (0 <= t) as Pt by (unfold t, Rdiv; apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; exact Pd]).
  assert (0 <= t * ((theta - 1) * w / 2)) as Htp by nra.
  pose proof (Rmult_le_pos _ _ Pt Ep) as M1. pose proof (Rmult_le_pos _ _ Pt Eq) as M2.
  pose proof (Rmult_le_pos _ _ Pt Qpq) as M3. pose proof (Rmult_le_pos _ _ Htp Qqp) as M4.
  pose proof (Rplus_le_le_0_compat _ _ (Rplus_le_le_0_compat _ _ M1 M2) (Rplus_le_le_0_compat _ _ M3 M4)) as S1.
  pose proof (Rplus_le_le_0_compat _ _ S1 Hb) as S2. clear - S2 Hw Ht.
  match type of S2 with 0 <= ?l => match goal with |- 0 <= ?r => replace r with l; [exact S2|] end end.
  unfold t. field. split; lra.
Qed.

(* What the blocks say about a minimiser o. *)
Section Rates.
Variable o : V.
Hypothesis stationary : alike (G o) zero.

Lemma stationary_left : forall z, inner (G o) z = 0.
Proof. intro z. rewrite stationary. apply inner_zero. Qed.
Lemma stationary_right : forall z, inner z (G o) = 0.
Proof. intro z. rewrite inner_sym. apply stationary_left. Qed.

Theorem s_gradient : forall hs, s_block hs -> forall x,
  norm2 (G (descend x hs)) * (1 + total hs) ^ 2 <= norm2 (x - o).
Proof.
  intros hs [N H] x. specialize (H x). set (n := descend x hs) in *. set (T := total hs) in *.
  assert (0 <= T) as PT by (apply total_pos; exact N).
  assert (0 <= along (fun h y => h * Q o y) x hs) as So.
  { apply along_pos. intros h y I. apply Rmult_le_pos; [|apply interpolation].
    unfold nonnegative_steps in N. rewrite Forall_forall in N. apply N, I. }
  rewrite along_Q, along_squares in So. fold n T in So. unfold P in H. fold n T in H.
  pose proof (interpolation o n) as Q1. pose proof (interpolation n o) as Q2. unfold Q in Q1, Q2.
  apply (Rmult_le_compat_l (T + 1)) in Q2; [|lra]. rewrite Rmult_0_r in Q2.
  pose proof (norm2_pos (n - o - G n)%V) as Sq. expand_inner_in So. expand_inner_in Q1. expand_inner_in Q2. expand_inner_in Sq.
  expand_inner_in H. expand_inner. rewrite ?stationary_left, ?stationary_right in *.
  rewrite ?(inner_sym V n o), ?(inner_sym V (G n) o), ?(inner_sym V (G n) n), ?(inner_sym V x o), ?(inner_sym V n x) in *.
  lra.
Qed.

Theorem f_value : forall w hs, 0 < w -> f_block w hs -> forall x,
  2 * w * (F (descend x hs) - F o) <= norm2 (x - o).
Proof.
  intros w hs Hw [_ [_ H]] x. destruct (H x) as [S [Y [H1 H2]]]. specialize (H1 o).
  pose proof (norm2_pos (x - o - Y)%V) as Sq. expand_inner_in Sq. expand_inner_in H1. expand_inner_in H2. expand_inner.
  rewrite ?stationary_left, ?stationary_right in *.
  rewrite ?(inner_sym V o x), ?(inner_sym V Y o), ?(inner_sym V Y x) in *. lra.
Qed.

Theorem g_gradient : forall w hs, 0 < w -> g_block w hs -> forall x,
  w * norm2 (G (descend x hs)) <= 2 * (F x - F o).
Proof.
  intros w hs Hw [_ [_ H]] x. specialize (H x). pose proof (interpolation (descend x hs) o) as Q1. unfold Q in Q1.
  set (n := descend x hs) in *. expand_inner_in Q1. expand_inner_in H. expand_inner.
  rewrite ?stationary_left, ?stationary_right in *. lra.
Qed.
End Rates.
End Blocks.
