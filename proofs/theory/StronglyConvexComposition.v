(* Composed schedules for strongly convex functions, 0 < m = mu / L < 1, and the rates of gradient descent with them.

   The weight of kind s is z, of kinds f and g it is u (docs/mathematics-joins.md, section 6), of closed schedules it is the
   factor by which they contract the distance to the minimiser. *)
From Coq Require Import Reals Lra Psatz List.
From Pep Require Import Space Classes Methods Joins StronglyConvexJoins Composition.
Import ListNotations.
Open Scope R_scope.

(* The polynomial whose root in (0, z) gives the step of an f-join or a g-join. *)
Definition cubic (m u z y : R) : R := (1 - m) * y ^ 2 * (2 + y - z) - m * u * (1 + y) ^ 2 * (z - y).

Lemma cubic_continuous : forall m u z, continuity (cubic m u z).
Proof. intros m u z. unfold cubic. reg. Qed.

(* A root in [0, z], where the polynomial changes its sign on it. *)
Definition cubic_root (m u z : R) : R := match Rle_dec 0 z, Rle_dec (cubic m u z 0 * cubic m u z z) 0 with
  | left order, left change => proj1_sig (IVT_cor (cubic m u z) 0 z (cubic_continuous m u z) order change)
  | _, _ => 0
  end.

Lemma cubic_root_ok : forall m u z, 0 < m < 1 -> 0 < u -> 0 < z ->
  0 < cubic_root m u z < z /\ cubic m u z (cubic_root m u z) = 0.
Proof.
  intros m u z Hm Hu Hz. assert (0 < m * u) as Pmu by (apply Rmult_lt_0_compat; lra).
  assert (cubic m u z 0 < 0) as C0.
  { unfold cubic. assert (0 < m * u * z) by (apply Rmult_lt_0_compat; lra). simpl. lra. }
  assert (0 < cubic m u z z) as C1.
  { unfold cubic. assert (0 < (1 - m) * z ^ 2) by (apply Rmult_lt_0_compat; [lra|apply pow_lt; lra]). lra. }
  unfold cubic_root. destruct (Rle_dec 0 z) as [order|]; [|lra].
  destruct (Rle_dec (cubic m u z 0 * cubic m u z z) 0) as [change|no]; [|exfalso; apply no; nra].
  destruct (IVT_cor (cubic m u z) 0 z (cubic_continuous m u z) order change) as [y [[Y1 Y2] Y3]]. simpl.
  split; [|exact Y3]. split; apply Rnot_le_lt; intro H.
  - assert (y = 0) by lra. subst y. lra.
  - assert (y = z) by lra. subst y. lra.
Qed.

Definition m_empty (m : R) : schedule := Schedule [] m.

Definition m_s_join (m : R) (a b : schedule) : schedule :=
  let z := positive_root (weight a + weight b - 2 * (weight a * weight b)) (weight a * weight b) in
  Schedule (steps a ++ joining_step m (weight a * weight b / z) :: steps b) z.

Definition m_close (m : R) (a : schedule) : schedule :=
  Schedule (steps a ++ [joining_step m (weight a)]) ((1 - weight a) / (1 + weight a)).

Definition m_then (a b : schedule) : schedule := Schedule (steps a ++ steps b) (weight a * weight b).

Definition m_f_join (m : R) (a b : schedule) : schedule :=
  let y := cubic_root m (weight b) (weight a) in
  Schedule (steps a ++ joining_step m y :: steps b) (factor (weight a) y * weight b).

Definition m_g_join (m : R) (b a : schedule) : schedule :=
  let y := cubic_root m (weight b) (weight a) in
  Schedule (steps b ++ joining_step m y :: steps a) (factor (weight a) y * weight b).

Definition m_kind_s (m : R) (a : schedule) := m <= weight a < 1 /\
  forall (V : inner_space) (F : V -> R) (G : V -> V) (o : V), between_parabolas m 1 F G ->
  block m G o (p_of m G o) (W_of m G o) (E_of m F G o) (weight a) (steps a).
Definition m_kind_f (m : R) (a : schedule) := 0 < weight a /\
  forall (V : inner_space) (F : V -> R) (G : V -> V) (o : V), between_parabolas m 1 F G ->
  f_block m F G o (p_of m G o) (E_of m F G o) (weight a) (steps a).
Definition m_kind_g (m : R) (a : schedule) := 0 < weight a /\
  forall (V : inner_space) (F : V -> R) (G : V -> V), between_parabolas m 1 F G -> g_block F G (weight a) (steps a).
Definition m_closed (m : R) (a : schedule) := 0 <= weight a /\
  forall (V : inner_space) (F : V -> R) (G : V -> V) (o : V), between_parabolas m 1 F G -> alike (G o) zero ->
  forall x, norm2 (descend G x (steps a) - o) <= weight a ^ 2 * norm2 (x - o).

Section Kinds.
Variable m : R.
Hypothesis Hm : 0 < m < 1.

Lemma m_empty_s : m_kind_s m (m_empty m).
Proof. split; [simpl; lra|]. intros V F G o B. apply empty_block; [exact Hm|]. apply position_of, Hm. Qed.

Lemma m_empty_f : m_kind_f m empty.
Proof.
  split; [simpl; lra|]. intros V F G o B. apply StronglyConvexJoins.empty_f with (W := W_of m G o); [exact Hm| | |].
  - apply position_of, Hm.
  - apply height_of, Hm.
  - apply interpolation_of; assumption.
Qed.

Lemma m_empty_g : m_kind_g m empty.
Proof. split; [simpl; lra|]. intros. apply StronglyConvexJoins.empty_g. Qed.

Lemma m_root : forall za zb, 0 < za < 1 -> 0 < zb < 1 ->
  let z := positive_root (za + zb - 2 * (za * zb)) (za * zb) in let y := za * zb / z in
  0 < z /\ 0 < y /\ 0 < zb - y + 2 * y * zb /\ za * (zb - y + 2 * y * zb) = y * (zb + y) /\
  z * (zb - y + 2 * y * zb) = zb * (zb + y).
Proof.
  intros za zb Ha Hb z y. assert (0 < za * zb) as Pc by nra.
  assert (0 <= za + zb - 2 * (za * zb)) as Pb by nra.
  destruct (positive_root_ok _ _ Pb Pc) as [K1 [K2 K3]]. fold z in K1, K2, K3.
  assert (0 < y) as Py by (apply Rdiv_lt_0_compat; assumption).
  assert (y * z = za * zb) as Ey by (unfold y; field; lra).
  assert (z = za + zb - 2 * (za * zb) + y) as Ez.
  { apply Rmult_eq_reg_r with z; [|lra]. rewrite K3. lra. }
  assert (za * (zb - y + 2 * y * zb) = y * (zb + y)) as E1.
  { replace (za * (zb - y + 2 * y * zb)) with (y * z - y * (za - 2 * (za * zb))) by (rewrite Ey; ring).
    replace (y * z) with (y * (za + zb - 2 * (za * zb) + y)) by (rewrite <- Ez; reflexivity). ring. }
  assert (0 < y * (zb + y)) as P1 by (apply Rmult_lt_0_compat; lra).
  assert (0 < zb - y + 2 * y * zb) as P2.
  { apply Rnot_le_lt. intro N. assert (0 <= za * - (zb - y + 2 * y * zb)) by (apply Rmult_le_pos; lra). lra. }
  repeat split; try assumption.
  apply Rmult_eq_reg_l with y; [|lra]. replace (y * (z * (zb - y + 2 * y * zb))) with (y * z * (zb - y + 2 * y * zb)) by ring.
  rewrite Ey. replace (za * zb * (zb - y + 2 * y * zb)) with (zb * (za * (zb - y + 2 * y * zb))) by ring. rewrite E1. ring.
Qed.

Lemma m_s_join_ok : forall a b, m_kind_s m a -> m_kind_s m b -> m_kind_s m (m_s_join m a b).
Proof.
  intros a b [Wa Ha] [Wb Hb]. destruct (m_root (weight a) (weight b)) as [R1 [R2 [R3 [R4 R5]]]]; try lra.
  assert (forall (V : inner_space) (F : V -> R) (G : V -> V) (o : V), between_parabolas m 1 F G ->
    block m G o (p_of m G o) (W_of m G o) (E_of m F G o) (weight (m_s_join m a b)) (steps (m_s_join m a b))) as H.
  { intros V F G o B. unfold m_s_join. simpl steps. simpl weight.
    apply join with (za := weight a) (zb := weight b); auto.
    - apply position_of, Hm.
    - apply slope_of, Hm.
    - apply interpolation_of; assumption. }
  split; [|exact H].
  (* the bounds on z do not depend on a function: take the zero space *)
  assert (between_parabolas (V := Spaces.point_space) m 1 (fun _ => 0) (fun x => x)) as B.
  { intros x y. unfold norm2. simpl. lra. }
  destruct (H _ _ _ (zero : Spaces.point_space) B) as [_ [Hz _]]. exact Hz.
Qed.

Lemma m_close_ok : forall a, m_kind_s m a -> m_closed m (m_close m a).
Proof.
  intros a [Wa Ha]. split.
  - simpl. apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra].
  - intros V F G o B S x. unfold m_close. simpl steps. simpl weight.
    apply (closed m G o Hm (p_of m G o) (W_of m G o) (E_of m F G o)); auto.
    + apply position_of, Hm.
    + apply slope_of, Hm.
    + apply interpolation_of; assumption.
Qed.

Lemma descend_then : forall (V : inner_space) (G : V -> V) a b x, descend G x (a ++ b) = descend G (descend G x a) b.
Proof. induction a as [|h a IH]; intros b x; simpl; [reflexivity|apply IH]. Qed.

Lemma m_then_ok : forall a b, m_closed m a -> m_closed m b -> m_closed m (m_then a b).
Proof.
  intros a b [Wa Ha] [Wb Hb]. split; [apply Rmult_le_pos; assumption|]. intros V F G o B S x. simpl steps. simpl weight.
  rewrite descend_then. specialize (Ha V F G o B S x). specialize (Hb V F G o B S (descend G x (steps a))).
  eapply Rle_trans; [exact Hb|]. replace ((weight a * weight b) ^ 2 * norm2 (x - o))
    with (weight b ^ 2 * (weight a ^ 2 * norm2 (x - o))) by ring. apply Rmult_le_compat_l; [apply pow2_ge_0|exact Ha].
Qed.

Lemma m_f_join_ok : forall a b, m_kind_s m a -> m_kind_f m b -> m_kind_f m (m_f_join m a b).
Proof.
  intros a b [Wa Ha] [Wb Hb]. assert (0 < weight a) as Pa by lra.
  destruct (cubic_root_ok m (weight b) (weight a) Hm Wb Pa) as [Y1 Y2].
  split.
  - unfold m_f_join. simpl. apply Rmult_lt_0_compat; [|exact Wb]. unfold factor. apply pow_lt.
    apply Rdiv_lt_0_compat; apply Rmult_lt_0_compat; lra.
  - intros V F G o B. unfold m_f_join. simpl steps. simpl weight.
    apply StronglyConvexJoins.f_join with (W := W_of m G o); auto.
    + apply position_of, Hm.
    + apply slope_of, Hm.
    + apply interpolation_of; assumption.
    + unfold cubic in Y2. lra.
Qed.

Lemma m_g_join_ok : forall b a, m_kind_g m b -> m_kind_s m a -> m_kind_g m (m_g_join m b a).
Proof.
  intros b a [Wb Hb] [Wa Ha]. assert (0 < weight a) as Pa by lra.
  destruct (cubic_root_ok m (weight b) (weight a) Hm Wb Pa) as [Y1 Y2].
  split.
  - unfold m_g_join. simpl. apply Rmult_lt_0_compat; [|exact Wb]. unfold factor. apply pow_lt.
    apply Rdiv_lt_0_compat; apply Rmult_lt_0_compat; lra.
  - intros V F G B. unfold m_g_join. simpl steps. simpl weight.
    apply StronglyConvexJoins.g_join with (m := m) (o := zero) (p := p_of m G zero) (W := W_of m G zero) (E := E_of m F G zero); auto.
    + apply position_of, Hm.
    + apply slope_of, Hm.
    + apply height_of, Hm.
    + apply interpolation_of; assumption.
    + unfold cubic in Y2. lra.
Qed.
End Kinds.

Section Rates.
Variables (a : schedule) (m r : R).
Hypothesis Hm : 0 < m < 1.
Context {V : inner_space}.
Variables (f : V -> R) (g : V -> V) (L : R).
Hypothesis (HL : 0 < L) (Hc : strongly_convex (m * L) f) (Hg : gradient f g) (Hl : lipschitz g L).
Variable x_star : V.
Hypothesis Hs : minimiser f x_star.

Lemma scaled_parabolas : between_parabolas m 1 (fun x => f x / L) (fun x => (/ L) * g x)%V.
Proof.
  pose proof (scaled_between f g L HL (m * L) (smooth_strongly_convex f g (m * L) L (Rlt_le _ _ HL) Hc Hg Hl)) as B.
  replace (m * L / L) with m in B by (field; lra). exact B.
Qed.

Theorem m_distance_rate : m_closed m a -> weight a ^ 2 <= r -> forall x0, let x := gradient_descent L g x0 (steps a) in
  norm2 (final x - x_star) <= r * norm2 (x0 - x_star).
Proof.
  intros [W H] Hr x0 x. unfold x. rewrite final_descends by exact HL.
  eapply Rle_trans; [apply (H V _ _ x_star scaled_parabolas (scaled_stationary f g L Hg x_star Hs) x0)|].
  apply Rmult_le_compat_r; [apply norm2_pos|exact Hr].
Qed.

Theorem m_value_rate : m_kind_f m a -> 1 <= r * (2 * weight a) -> forall x0, let x := gradient_descent L g x0 (steps a) in
  f (final x) - f x_star <= r * L * norm2 (x0 - x_star).
Proof.
  intros [W H] Hr x0 x. pose proof scaled_parabolas as B.
  pose proof (f_value m _ _ x_star Hm _ (W_of m _ x_star) _ (position_of m _ x_star Hm) (slope_of m _ x_star Hm)
    (height_of m _ _ x_star Hm) (scaled_stationary f g L Hg x_star Hs) (weight a) (steps a) (H V _ _ x_star B) x0) as K.
  unfold x. rewrite final_descends by exact HL. set (n := descend _ x0 _) in *. cbv beta in K. pose proof (norm2_pos (x0 - x_star)%V) as P.
  replace (f n / L - f x_star / L) with ((f n - f x_star) / L) in K by (field; lra).
  pose proof (Hs n) as Pn. set (d := f n - f x_star) in *. set (y := norm2 (x0 - x_star)) in *. set (w := weight a) in *.
  assert (0 <= d) as Pd by (unfold d; lra). clearbody d y w.
  assert (2 * w * d <= L * y) as K2.
  { apply (Rmult_le_compat_l L) in K; [|lra]. replace (L * (2 * w * (d / L))) with (2 * w * d) in K by (field; lra). exact K. }
  assert (0 < r) as Pr by nra. apply Rle_trans with (r * (2 * w * d)); [|replace (r * L * y) with (r * (L * y)) by ring; apply Rmult_le_compat_l; lra].
  replace (r * (2 * w * d)) with (r * (2 * w) * d) by ring. nra.
Qed.

Theorem m_gradient_rate : m_kind_g m a -> 2 <= r * weight a -> forall x0, let x := gradient_descent L g x0 (steps a) in
  norm2 (g (final x)) <= r * L * (f x0 - f x_star).
Proof.
  intros [W H] Hr x0 x. pose proof scaled_parabolas as B. destruct (H V _ _ B) as [_ K]. specialize (K x0).
  unfold x. rewrite final_descends by exact HL. set (n := descend _ x0 _) in *. cbv beta in K.
  assert (forall x y : V, f y / L - f x / L - inner (/ L * g x) (y - x) <= / 2 * norm2 (y - x)) as Up.
  { intros u v. destruct (B u v) as [_ B2]. lra. }
  pose proof (gradient_step_decreases (fun x => f x / L) (fun x => / L * g x)%V Up (f x_star / L)) as D.
  assert (forall y : V, f x_star / L <= f y / L) as Low.
  { intro y. unfold Rdiv. apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; exact HL|apply Hs]. }
  specialize (D Low n). cbv beta in D.
  assert (norm2 (g n) = L ^ 2 * norm2 (/ L * g n)) as -> by (expand_inner; field; lra).
  pose proof (Hs x0) as P0. pose proof (norm2_pos (/ L * g n)%V). set (d := norm2 (/ L * g n)) in *.
  assert (weight a * d * L <= 2 * (f x0 - f x_star)) as K2.
  { assert (weight a * d <= 2 * ((f x0 - f x_star) / L)) as K1 by lra.
    apply (Rmult_le_compat_r L) in K1; [|lra]. replace (2 * ((f x0 - f x_star) / L) * L) with (2 * (f x0 - f x_star)) in K1 by (field; lra). exact K1. }
  set (e := f x0 - f x_star) in *. set (w := weight a) in *. clearbody d e w. clear - K2 Hr H0 HL W.
  assert (0 < r) as Pr by nra. replace (L ^ 2 * d) with (L * (L * d)) by ring. rewrite Rmult_comm with (r1 := r), Rmult_assoc.
  apply Rmult_le_compat_l; [lra|]. assert (0 <= L * d) by (apply Rmult_le_pos; lra).
  apply (Rmult_le_compat_l r) in K2; [|lra]. nra.
Qed.
End Rates.
