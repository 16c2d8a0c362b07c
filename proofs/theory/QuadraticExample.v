(* Quadratics on the line attain rates: no smaller constant holds for gradient descent on strongly convex (or convex) functions, where a
   quadratic is a worst case. Every step multiplies x by 1 - k h. *)
From Coq Require Import Reals Lra Psatz ZArith List Bool.
From Pep Require Import Space Classes Ring Methods Rate Spaces Huber Sharp Instance.
Import ListNotations.
Open Scope R_scope.

Section Quadratic.
Variable k : R.
Hypothesis Hk : 0 <= k <= 1.

Definition quadratic_function (x : R) : R := k / 2 * (x * x).
Definition quadratic_slope (x : R) : R := k * x.
Fixpoint contracted (hs : list R) : R := match hs with [] => 1 | h :: hs' => (1 - k * h) * contracted hs' end.

Lemma quadratic_gradient : gradient (V := line) quadratic_function quadratic_slope.
Proof.
  intros x d e Hpos. simpl in *. assert (0 < e / (Rabs (k / 2 * (d * d)) + 1)) as Hp.
  { apply Rdiv_lt_0_compat; [lra|]. pose proof (Rabs_pos (k / 2 * (d * d))). lra. }
  exists (mkposreal _ Hp). intros h Hn Hh. simpl in Hh. unfold quadratic_function, quadratic_slope.
  match goal with |- Rabs ?a < _ => replace a with (h * (k / 2 * (d * d))) by (field; exact Hn) end.
  rewrite Rabs_mult. pose proof (Rabs_pos (k / 2 * (d * d))). pose proof (Rabs_pos h).
  apply (Rmult_lt_compat_r (Rabs (k / 2 * (d * d)) + 1)) in Hh; [|lra].
  unfold Rdiv in Hh at 2. rewrite Rmult_assoc, Rinv_l in Hh by lra. nra.
Qed.

Lemma quadratic_strongly_convex : forall mu, mu <= k -> strongly_convex (V := line) mu quadratic_function.
Proof.
  intros mu H x y t Ht. unfold quadratic_function, norm2, minus. simpl in *.
  assert (0 <= (k - mu) / 2 * (t * (1 - t)) * ((y - x) * (y - x))) as P.
  { apply Rmult_le_pos; [apply Rmult_le_pos; [lra|apply Rmult_le_pos; lra]|apply Rle_0_sqr]. }
  nra.
Qed.

Lemma quadratic_convex : convex (V := line) quadratic_function.
Proof.
  intros x y t Ht. unfold quadratic_function, minus. simpl in *.
  assert (0 <= k / 2 * (t * (1 - t)) * ((y - x) * (y - x))) as P.
  { apply Rmult_le_pos; [apply Rmult_le_pos; [lra|apply Rmult_le_pos; lra]|apply Rle_0_sqr]. }
  nra.
Qed.

Lemma quadratic_lipschitz : lipschitz (V := line) quadratic_slope 1.
Proof.
  intros x y. unfold quadratic_slope, norm2, minus. simpl in *. pose proof (Rle_0_sqr (x + -1 * y)) as S. unfold Rsqr in S.
  assert (k * k <= 1) by nra. replace ((k * x + -1 * (k * y)) * (k * x + -1 * (k * y))) with (k * k * ((x + -1 * y) * (x + -1 * y))) by ring.
  nra.
Qed.

Lemma quadratic_minimiser : minimiser (V := line) quadratic_function 0.
Proof. intro y. unfold quadratic_function. simpl in *. pose proof (Rle_0_sqr y) as S. unfold Rsqr in S. nra. Qed.

Lemma quadratic_descent : forall hs (x : R),
  @eq R (final (gradient_descent (V := line) 1 quadratic_slope x hs)) (contracted hs * x).
Proof.
  induction hs as [|h hs IH]; intro x; [unfold final; simpl; in_reals; ring|].
  rewrite final_cons. simpl contracted. unfold minus. simpl plus. simpl times. change (vector line) with R. rewrite IH.
  unfold quadratic_slope. in_reals. field.
Qed.
End Quadratic.

(* What is measured for f = k x^2 / 2 at x is this times x^2. *)
Definition measure_weight (me : measure_kind) (k : R) : R := match me with
  | ValueGap => k / 2 | GradientNorm => k ^ 2 | SmallestGradient => 0 | Distance => 1 end.
Definition initial_weight (ini : initial_kind) (k : R) : R := match ini with
  | InitialDistance => 1 | InitialGap => k / 2 | InitialGradient => k ^ 2 end.

Section Checked.
Context {K : ring} (E : realisation K).
Notation val := (value E).

(* the product of kd den - kn h, and the power of kd den that goes with it *)
Definition ring_contracted (kn kd den : K) (hs : list K) : K :=
  fold_right (fun h c => cmul K (csub K (cmul K kd den) (cmul K kn h)) c) (c1 K) hs.
Definition ring_power (kd den : K) (hs : list K) : K := fold_right (fun _ c => cmul K (cmul K kd den) c) (c1 K) hs.
(* 2 kd^2 times the weights *)
Definition ring_measure (me : measure_kind) (kn kd : K) : K := match me with
  | ValueGap => cmul K kn kd | GradientNorm => ctwice K (cmul K kn kn) | SmallestGradient => c0 K
  | Distance => ctwice K (cmul K kd kd) end.
Definition ring_initial (ini : initial_kind) (kn kd : K) : K := match ini with
  | InitialDistance => ctwice K (cmul K kd kd) | InitialGap => cmul K kn kd | InitialGradient => ctwice K (cmul K kn kn) end.

(* r <= (weight of the measure) P^2 / (weight of the initial condition), for k = kn / kd and r = nr / nd *)
Definition quadratic_check (me : measure_kind) (ini : initial_kind) (kn kd den : K) (hs : list K) (nr nd : K) : bool :=
  let c := ring_contracted kn kd den hs in
  let w := ring_power kd den hs in
  is_positive K kn && is_positive K kd && is_positive K den && is_positive K nd
  && nonnegative K (csub K (cmul K (cmul K (ring_measure me kn kd) (cmul K c c)) nd)
       (cmul K (cmul K nr (cmul K w w)) (ring_initial ini kn kd))).

Lemma contracted_means : forall kn kd den hs rs k, Forall2 (step_means E den) hs rs -> val kn = k * val kd ->
  val (ring_contracted kn kd den hs) = contracted k rs * val (ring_power kd den hs).
Proof.
  intros kn kd den hs rs k H Hk. induction H as [|h r hs rs Hh _ IH]; simpl; [rewrite value_1; ring|].
  unfold step_means in Hh. unfold csub. rewrite !value_mul, value_add, value_opp, !value_mul, IH, Hk, Hh. ring.
Qed.

Theorem quadratic_sharp : forall me ini kn kd den hs nr nd, quadratic_check me ini kn kd den hs nr nd = true ->
  forall rs r k, Forall2 (step_means E den) hs rs -> val nr = r * val nd -> val kn = k * val kd ->
  forall rho, measure_weight me k * contracted k rs ^ 2 <= rho * initial_weight ini k -> r <= rho.
Proof.
  intros me ini kn kd den hs nr nd H rs r k Hs Er Ek rho Hrho. unfold quadratic_check in H.
  repeat (apply andb_true_iff in H; destruct H as [H ?C]).
  apply (is_positive_ok K E) in H, C2, C1, C0. apply (nonnegative_ok E) in C.
  unfold csub in C. rewrite value_add, value_opp, !value_mul, (contracted_means kn kd den hs rs k Hs Ek), Er in C.
  assert (val (ring_measure me kn kd) = measure_weight me k * (2 * val kd ^ 2)) as EM.
  { destruct me; simpl; unfold ctwice; rewrite ?value_add, ?value_mul, ?value_0, ?Ek; field. }
  assert (val (ring_initial ini kn kd) = initial_weight ini k * (2 * val kd ^ 2)) as EI.
  { destruct ini; simpl; unfold ctwice; rewrite ?value_add, ?value_mul, ?Ek; field. }
  rewrite EM, EI in C. rewrite Ek in H. assert (0 < k) as Pk by (apply Rnot_le_lt; intro; nra).
  assert (0 < initial_weight ini k) as PI by (destruct ini; simpl; nra).
  assert (0 < val (ring_power kd den hs)) as PW.
  { clear - C2 C1. induction hs as [|h hs IH]; simpl; [rewrite value_1; lra|]. rewrite !value_mul.
    repeat apply Rmult_lt_0_compat; assumption. }
  set (w := val (ring_power kd den hs)) in *. set (M := measure_weight me k) in *. set (I := initial_weight ini k) in *.
  set (P := contracted k rs) in *. set (d := val kd) in *. set (e := val nd) in *. clearbody w M I P d e.
  assert (0 < w * w * (2 * d ^ 2) * e) as Pos by (simpl; repeat apply Rmult_lt_0_compat; lra).
  assert (0 <= (M * P ^ 2 - r * I) * (w * w * (2 * d ^ 2) * e)) as Q
    by (match type of C with 0 <= ?l => match goal with |- 0 <= ?g => replace g with l; [exact C|ring] end end).
  assert (r * I <= M * P ^ 2) as B by (apply Rnot_lt_le; intro; nra).
  apply Rmult_le_reg_r with I; [exact PI|]. lra.
Qed.
End Checked.


(* E the realisation, k the curvature (a rational number), sharp_accepted the check. *)
Ltac prove_quadratic E k sharp_accepted :=
  lazymatch type of sharp_accepted with @quadratic_check ?ring ?me ?ini ?kn0 ?kd0 ?den0 ?hs0 ?nr0 ?nd0 = true =>
    let kn := eval vm_compute in kn0 in let kd := eval vm_compute in kd0 in
    let den := eval vm_compute in den0 in let hs := eval vm_compute in hs0 in
    let nr := eval vm_compute in nr0 in let nd := eval vm_compute in nd0 in
    let H := fresh "H" in let A := fresh in let Hk := fresh in let P := fresh "P" in
    intros rho H;
    assert (@quadratic_check ring me ini kn kd den hs nr nd = true) as A by computed;
    assert (0 <= k <= 1) as Hk by lra;
    specialize (H line (quadratic_function k) (quadratic_slope k) 1 Rlt_0_1);
    lazymatch type of H with
    | strongly_convex ?mu _ -> _ => specialize (H (quadratic_strongly_convex k mu ltac:(lra)))
    | _ => specialize (H (quadratic_convex k Hk))
    end;
    specialize (H (quadratic_gradient k) (quadratic_lipschitz k Hk) 0 (quadratic_minimiser k Hk) 1);
    cbv zeta in H; rewrite quadratic_descent in H;
    lazymatch type of H with context [contracted k ?rs] =>
      refine (quadratic_sharp E me ini kn kd den hs nr nd A rs _ k _ _ _ rho _);
      [ numbers | number | number |
        set (P := contracted k rs) in *; clearbody P; clear - H;
        unfold quadratic_function, quadratic_slope, norm2, minus in H; simpl in H; simpl; lra ]
    end
  end.
