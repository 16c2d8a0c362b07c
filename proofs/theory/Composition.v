(* Schedules composed from empty ones by joins, and the rates of gradient descent with them.

   A schedule is its steps and its weight (docs/mathematics-joins.md): 1 + H for kind s and 2 H + 1 for kinds f and g, where H is the sum
   of the steps. The joining step and the weight of a join follow from the weights of its parts. For strongly convex functions
   see StronglyConvexComposition. *)
From Coq Require Import Reals Lra Psatz List.
From Pep Require Import Space Classes Methods Spaces Huber Joins.
Import ListNotations.
Open Scope R_scope.

Record schedule := Schedule { steps : list R; weight : R }.

(* the positive root of x^2 = b x + c, for c > 0 *)
Definition positive_root (b c : R) : R := (b + sqrt (b * b + 4 * c)) / 2.

Definition empty : schedule := Schedule [] 1.

Definition s_join (a b : schedule) : schedule :=
  let k := positive_root (weight a + weight b) (weight a * weight b) in
  Schedule (steps a ++ (1 + weight a * weight b / k) :: steps b) k.

(* a schedule of kind s as one of kind f *)
Definition s_as_f (a : schedule) : schedule := Schedule (steps a) (2 * weight a - 1).

(* a of kind s, then b of kind f *)
Definition f_join (a b : schedule) : schedule :=
  let theta := positive_root 1 (2 * weight a / weight b) in
  Schedule (steps a ++ (1 + weight a / theta) :: steps b) (theta ^ 2 * weight b).

(* b of kind g, then a of kind s *)
Definition g_join (b a : schedule) : schedule :=
  let theta := positive_root 1 (2 * weight a / weight b) in
  Schedule (steps b ++ (1 + weight a / theta) :: steps a) (theta ^ 2 * weight b).

Lemma positive_root_ok : forall b c, 0 <= b -> 0 < c ->
  0 < positive_root b c /\ b < positive_root b c /\ positive_root b c * positive_root b c = b * positive_root b c + c.
Proof.
  intros b c Hb Hc. unfold positive_root. assert (0 <= b * b + 4 * c) as P by nra.
  pose proof (sqrt_sqrt _ P) as S. pose proof (sqrt_pos (b * b + 4 * c)) as N. set (s := sqrt (b * b + 4 * c)) in *.
  assert (b < s) by nra. repeat split; try lra.
Qed.

Lemma below_positive_root : forall b c k, 0 <= b -> 0 < c -> k * k <= b * k + c -> k <= positive_root b c.
Proof. intros b c k Hb Hc H. destruct (positive_root_ok b c Hb Hc) as [P [Q E]]. apply Rnot_lt_le. intro. nra. Qed.

(* What a schedule of each kind proves, in every space. *)
Definition interpolable {V : inner_space} (F : V -> R) (G : V -> V) := forall x y, 0 <= Q F G x y.
Definition of_kind_s (a : schedule) := 1 <= weight a /\ total (steps a) = weight a - 1 /\ nonnegative_steps (steps a) /\
  forall (V : inner_space) (F : V -> R) (G : V -> V), interpolable F G -> s_block F G (steps a).
Definition of_kind_f (a : schedule) := 1 <= weight a /\ total (steps a) = (weight a - 1) / 2 /\ nonnegative_steps (steps a) /\
  forall (V : inner_space) (F : V -> R) (G : V -> V), interpolable F G -> f_block F G (weight a) (steps a).
Definition of_kind_g (a : schedule) := 1 <= weight a /\ total (steps a) = (weight a - 1) / 2 /\ nonnegative_steps (steps a) /\
  forall (V : inner_space) (F : V -> R) (G : V -> V), interpolable F G -> g_block F G (weight a) (steps a).

Lemma empty_s : of_kind_s empty.
Proof. split; [simpl; lra|]. split; [simpl; lra|]. split; [constructor|]. intros. apply s_empty. Qed.

Lemma empty_g : of_kind_g empty.
Proof. split; [simpl; lra|]. split; [simpl; lra|]. split; [constructor|]. intros. apply g_empty. Qed.

Lemma s_as_f_ok : forall a, of_kind_s a -> of_kind_f (s_as_f a).
Proof.
  intros a [W [T [N H]]]. unfold of_kind_f, s_as_f. simpl. split; [lra|]. split; [lra|]. split; [exact N|]. intros V F G I.
  pose proof (s_is_f F G I (steps a) (H V F G I)) as S. rewrite T in S.
  replace (2 * weight a - 1) with (2 * (1 + (weight a - 1)) - 1) by ring. exact S.
Qed.

Lemma empty_f : of_kind_f (s_as_f empty).
Proof. apply s_as_f_ok, empty_s. Qed.

Lemma s_join_ok : forall a b, of_kind_s a -> of_kind_s b -> of_kind_s (s_join a b).
Proof.
  intros a b [Wa [Ta [Na Ha]]] [Wb [Tb [Nb Hb]]].
  assert (0 < weight a * weight b) as Pc by nra. assert (0 <= weight a + weight b) as Pb by lra.
  destruct (positive_root_ok _ _ Pb Pc) as [K1 [K2 K3]].
  set (k := positive_root (weight a + weight b) (weight a * weight b)) in *. set (psi := weight a * weight b / k).
  assert (psi * k = weight a * weight b) as Ep by (unfold psi; field; lra).
  assert (0 < psi) as Pp by (apply Rdiv_lt_0_compat; lra).
  assert (k = weight a + weight b + psi) as Ek by (apply Rmult_eq_reg_r with k; [lra|lra]).
  assert (psi < weight b) as Hp by nra.
  change (s_join a b) with (Schedule (steps a ++ (1 + psi) :: steps b) k). unfold of_kind_s. simpl.
  split; [lra|]. split; [rewrite total_app; lra|]. split; [apply nonnegative_app; auto; lra|]. intros V F G I.
  apply (Joins.s_join F G I); auto; rewrite ?Ta, ?Tb; [lra|]. rewrite Ek in Ep. nra.
Qed.

Lemma theta_ok : forall alpha w, 0 < alpha -> 0 < w -> let theta := positive_root 1 (2 * alpha / w) in
  1 < theta /\ alpha = (theta ^ 2 - theta) * w / 2 /\ alpha / theta = (theta - 1) * w / 2.
Proof.
  intros alpha w Pa Pw theta. assert (0 < 2 * alpha / w) as Pc by (apply Rdiv_lt_0_compat; lra).
  destruct (positive_root_ok 1 _ Rle_0_1 Pc) as [K1 [K2 K3]]. fold theta in K1, K2, K3.
  assert (alpha = (theta ^ 2 - theta) * w / 2) as E.
  { replace (theta ^ 2 - theta) with (2 * alpha / w) by (simpl; lra). field. lra. }
  repeat split; [exact K2|exact E|]. rewrite E at 1. field. lra.
Qed.

Lemma f_join_ok : forall a b, of_kind_s a -> of_kind_f b -> of_kind_f (f_join a b).
Proof.
  intros a b [Wa [Ta [Na Ha]]] [Wb [Tb [Nb Hb]]]. assert (0 < weight a) as Pa by lra. assert (0 < weight b) as Pb by lra.
  destruct (theta_ok _ _ Pa Pb) as [T1 [T2 T3]]. unfold f_join. set (theta := positive_root 1 (2 * weight a / weight b)) in *.
  cbv zeta. rewrite T3. assert (0 <= (theta - 1) * weight b / 2) by nra. unfold of_kind_f. simpl steps. simpl weight.
  split; [nra|]. split; [rewrite total_app, Ta, Tb, T2; field|]. split; [apply nonnegative_app; auto; lra|]. intros V F G I.
  apply (Joins.f_join F G I); auto; lra.
Qed.

Lemma g_join_ok : forall b a, of_kind_g b -> of_kind_s a -> of_kind_g (g_join b a).
Proof.
  intros b a [Wb [Tb [Nb Hb]]] [Wa [Ta [Na Ha]]]. assert (0 < weight a) as Pa by lra. assert (0 < weight b) as Pb by lra.
  destruct (theta_ok _ _ Pa Pb) as [T1 [T2 T3]]. unfold g_join. set (theta := positive_root 1 (2 * weight a / weight b)) in *.
  cbv zeta. rewrite T3. assert (0 <= (theta - 1) * weight b / 2) by nra. unfold of_kind_g. simpl steps. simpl weight.
  split; [nra|]. split; [rewrite total_app, Ta, Tb, T2; field|]. split; [apply nonnegative_app; auto; lra|]. intros V F G I.
  apply (Joins.g_join F G I); auto; lra.
Qed.

(* Functions as they stand in theorems, scaled to L = 1. *)
Section Scaling.
Context {V : inner_space}.
Variables (f : V -> R) (g : V -> V) (L : R).
Hypothesis HL : 0 < L.

Lemma final_descends : forall hs x, final (gradient_descent L g x hs) = descend (fun y => (/ L) * g y)%V x hs.
Proof.
  induction hs as [|h hs IH]; intro x; [reflexivity|]. rewrite final_cons, IH.
  assert ((h / L) * g x = h * ((/ L) * g x))%V as -> by (rewrite times_times; reflexivity). reflexivity.
Qed.

Lemma scaled_between : forall mu, between_parabolas mu L f g ->
  between_parabolas (mu / L) 1 (fun x => f x / L) (fun x => (/ L) * g x)%V.
Proof.
  intros mu B x y. destruct (B x y) as [B1 B2]. rewrite inner_times.
  apply (Rmult_le_compat_l (/ L)) in B1; [|left; apply Rinv_0_lt_compat; exact HL].
  apply (Rmult_le_compat_l (/ L)) in B2; [|left; apply Rinv_0_lt_compat; exact HL].
  replace (/ L * (mu / 2 * norm2 (y - x))) with (mu / L / 2 * norm2 (y - x)) in B1 by (field; lra).
  replace (/ L * (L / 2 * norm2 (y - x))) with (1 / 2 * norm2 (y - x)) in B2 by (field; lra).
  replace (/ L * (f y - f x - inner (g x) (y - x))) with (f y / L - f x / L - / L * inner (g x) (y - x)) in * by (field; lra).
  split; assumption.
Qed.

Lemma scaled_interpolable : convex f -> gradient f g -> lipschitz g L ->
  interpolable (fun x => f x / L) (fun x => (/ L) * g x)%V.
Proof.
  intros C Hg Hl x y. pose proof (scaled_between 0 (smooth_convex f g L (Rlt_le _ _ HL) C Hg Hl)) as B.
  replace (0 / L) with 0 in B by (field; lra).
  pose proof (interpolation_inequality V _ _ 0 Rlt_0_1 B x y) as H. unfold Q. lra.
Qed.

Lemma scaled_stationary : gradient f g -> forall o, minimiser f o -> alike ((/ L) * g o)%V zero.
Proof. intros Hg o Ho z. pose proof (gradient_at_minimiser f g Hg o Ho z) as S. rewrite inner_times, S, inner_zero. ring. Qed.
End Scaling.

(* The rates: r may be larger than the worst case. *)
Section Rates.
Variables (a : schedule) (r : R).
Context {V : inner_space}.
Variables (f : V -> R) (g : V -> V) (L : R).
Hypothesis (HL : 0 < L) (Hc : convex f) (Hg : gradient f g) (Hl : lipschitz g L).
Variable x_star : V.
Hypothesis Hs : minimiser f x_star.

Let I := scaled_interpolable f g L HL Hc Hg Hl.
Let S := scaled_stationary f g L Hg x_star Hs.

Theorem f_rate : of_kind_f a -> 1 <= r * (2 * weight a) -> forall x0, let x := gradient_descent L g x0 (steps a) in
  f (final x) - f x_star <= r * L * norm2 (x0 - x_star).
Proof.
  intros [W [T [N H]]] Hr x0 x. assert (0 < weight a) as Pw by lra.
  pose proof (f_value _ _ x_star S (weight a) (steps a) Pw (H V _ _ I) x0) as K. unfold x. rewrite final_descends.
  set (n := descend _ x0 _) in *. pose proof (norm2_pos (x0 - x_star)%V) as P.
  assert (f n - f x_star = L * (f n / L - f x_star / L)) as -> by (field; lra).
  assert (0 <= f n / L - f x_star / L).
  { pose proof (Hs n). unfold Rdiv. rewrite <- Rmult_minus_distr_r. apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; exact HL]. }
  rewrite Rmult_comm with (r1 := r), Rmult_assoc. apply Rmult_le_compat_l; [lra|].
  set (d := f n / L - f x_star / L) in *. set (y := norm2 (x0 - x_star)) in *. set (w := weight a) in *. clearbody d y w.
  assert (0 < r) as Pr by nra. apply Rle_trans with (r * (2 * w * d)); [|apply Rmult_le_compat_l; lra]. 
  replace (r * (2 * w * d)) with (r * (2 * w) * d) by ring. nra.
Qed.

Theorem s_gradient_rate : of_kind_s a -> 1 <= r * weight a ^ 2 -> forall x0, let x := gradient_descent L g x0 (steps a) in
  norm2 (g (final x)) <= r * L ^ 2 * norm2 (x0 - x_star).
Proof.
  intros [W [T [N H]]] Hr x0 x.
  pose proof (s_gradient _ _ I x_star S (steps a) (H V _ _ I) x0) as K. unfold x. rewrite final_descends. rewrite T in K.
  replace (1 + (weight a - 1)) with (weight a) in K by ring. set (n := descend _ x0 _) in *. cbv beta in K.
  assert (norm2 (g n) = L ^ 2 * norm2 (/ L * g n)) as -> by (expand_inner; field; lra).
  rewrite Rmult_comm with (r1 := r), Rmult_assoc. apply Rmult_le_compat_l; [apply pow2_ge_0|].
  pose proof (norm2_pos (/ L * g n)%V). set (d := norm2 (/ L * g n)) in *. set (y := norm2 (x0 - x_star)) in *.
  set (w2 := weight a ^ 2) in *. assert (0 <= w2) by apply pow2_ge_0. assert (0 < r) as Pr by nra.
  apply Rle_trans with (r * (d * w2)); [|apply Rmult_le_compat_l; lra]. replace (r * (d * w2)) with (r * w2 * d) by ring. nra.
Qed.

Theorem g_gradient_rate : of_kind_g a -> 2 <= r * weight a -> forall x0, let x := gradient_descent L g x0 (steps a) in
  norm2 (g (final x)) <= r * L * (f x0 - f x_star).
Proof.
  intros [W [T [N H]]] Hr x0 x. assert (0 < weight a) as Pw by lra.
  pose proof (g_gradient _ _ I x_star S (weight a) (steps a) Pw (H V _ _ I) x0) as K. unfold x. rewrite final_descends.
  set (n := descend _ x0 _) in *. cbv beta in K.
  assert (norm2 (g n) = L ^ 2 * norm2 (/ L * g n)) as -> by (expand_inner; field; lra).
  replace (f x0 / L - f x_star / L) with ((f x0 - f x_star) / L) in K by (field; lra).
  pose proof (Hs x0) as P0. pose proof (norm2_pos (/ L * g n)%V). set (d := norm2 (/ L * g n)) in *.
  assert (weight a * d * L <= 2 * (f x0 - f x_star)) as K2.
  { apply (Rmult_le_compat_r L) in K; [|lra]. replace (2 * ((f x0 - f x_star) / L) * L) with (2 * (f x0 - f x_star)) in K by (field; lra). exact K. }
  set (e := f x0 - f x_star) in *. assert (0 <= e) by (unfold e; lra). set (w := weight a) in *. clearbody d e w. clear - K2 Hr H0 H1 HL Pw.
  assert (0 < r) as Pr by nra. replace (L ^ 2 * d) with (L * (L * d)) by ring. rewrite Rmult_comm with (r1 := r), Rmult_assoc.
  apply Rmult_le_compat_l; [lra|]. assert (0 <= L * d) by (apply Rmult_le_pos; lra).
  apply (Rmult_le_compat_l r) in K2; [|lra]. nra.
Qed.

Lemma least_of_last : forall xs d, xs <> [] -> smallest_gradient g xs <= norm2 (g (last xs d)).
Proof.
  intros xs d Hx. unfold smallest_gradient. apply least_below. apply in_map_iff. exists (last xs d). split; [reflexivity|].
  destruct (exists_last Hx) as [l [z ->]]. rewrite last_last. apply in_or_app. right. left. reflexivity.
Qed.

Lemma points_not_empty : forall x0 hs, gradient_descent L g x0 hs <> [].
Proof. intros x0 [|h hs]; discriminate. Qed.

Theorem s_smallest_gradient_rate : of_kind_s a -> 1 <= r * weight a ^ 2 -> forall x0,
  let x := gradient_descent L g x0 (steps a) in smallest_gradient g x <= r * L ^ 2 * norm2 (x0 - x_star).
Proof. intros H Hr x0 x. eapply Rle_trans; [apply least_of_last, points_not_empty|]. apply (s_gradient_rate H Hr). Qed.

Theorem g_smallest_gradient_rate : of_kind_g a -> 2 <= r * weight a -> forall x0,
  let x := gradient_descent L g x0 (steps a) in smallest_gradient g x <= r * L * (f x0 - f x_star).
Proof. intros H Hr x0 x. eapply Rle_trans; [apply least_of_last, points_not_empty|]. apply (g_gradient_rate H Hr). Qed.
End Rates.
