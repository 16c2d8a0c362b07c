(* Lower bounds for gradient descent by Huber functions, for every number of steps at once.

   hf(x) = x^2/2 for |x| <= eta, eta |x| - eta^2/2 beyond. With eta = 1/(1 + 2 sum h) gradient descent from x_0 = 1 with steps h >= 0
   stays where the slope is eta, and ends with the value 1/(2 (1 + 2 sum h)). A rate equal to that is the exact worst case. *)
From Coq Require Import Reals Lra Psatz List.
From Pep Require Import Space Classes Methods Spaces.
Import ListNotations.
Open Scope R_scope.

(* Equations between vectors of the line are equations between reals. *)
Ltac in_reals := match goal with |- @eq _ ?a ?b => change (@eq R a b) end.

Section Huber.
Variable eta : R.
Hypothesis He : 0 < eta.

Definition hg (x : R) : R := if Rlt_dec x (- eta) then - eta else if Rlt_dec eta x then eta else x.
Definition hf (x : R) : R := hg x * x - hg x * hg x / 2.

Lemma huber_between : forall x y : R, 0 <= hf y - hf x - hg x * (y - x) <= (y - x) * (y - x) / 2.
Proof.
  intros x y. unfold hf, hg.
  pose proof (Rle_0_sqr (y - - eta)) as S1; pose proof (Rle_0_sqr (y - eta)) as S2; pose proof (Rle_0_sqr (x - y)) as S3.
  unfold Rsqr in *.
  destruct (Rlt_dec x (- eta)); destruct (Rlt_dec y (- eta)); try destruct (Rlt_dec eta x); try destruct (Rlt_dec eta y);
    try lra; split; try lra; nra.
Qed.

Lemma huber_gradient : gradient (V := line) hf hg.
Proof.
  intros x d e Hpos. simpl in *.
  assert (0 < e / (d * d + 1)) as Hdl. { apply Rdiv_lt_0_compat; nra. }
  exists (mkposreal _ Hdl). intros h Hn Hh. simpl in Hh.
  replace (x + (0 + h) * d) with (x + h * d) by ring. replace (x + 0 * d) with x by ring.
  pose proof (huber_between x (x + h * d)) as B. replace (x + h * d - x) with (h * d) in B by ring.
  set (A := hf (x + h * d) - hf x - hg x * (h * d)) in *.
  replace ((hf (x + h * d) - hf x) / h - hg x * d) with (A / h) by (unfold A; field; exact Hn).
  unfold Rdiv. rewrite Rabs_mult, Rabs_inv by exact Hn. rewrite (Rabs_pos_eq A) by lra.
  assert (0 < Rabs h) as Ph by (apply Rabs_pos_lt; exact Hn).
  assert (Rabs h * Rabs h = h * h) as Hsq by (rewrite <- Rabs_mult; apply Rabs_pos_eq; nra).
  apply Rmult_lt_reg_r with (Rabs h); [exact Ph|]. rewrite Rmult_assoc, Rinv_l by lra. rewrite Rmult_1_r.
  assert (Rabs h * (d * d + 1) < e).
  { apply (Rmult_lt_compat_r (d * d + 1)) in Hh; [|nra]. unfold Rdiv in Hh. rewrite Rmult_assoc, Rinv_l in Hh by nra. lra. }
  nra.
Qed.

Lemma huber_convex : convex (V := line) hf.
Proof.
  intros x y t Ht. unfold minus. simpl in *. set (z := x + t * (y + -1 * x)).
  pose proof (huber_between z x) as [A _]. pose proof (huber_between z y) as [B _]. unfold z in *. nra.
Qed.

Lemma huber_lipschitz : lipschitz (V := line) hg 1.
Proof.
  intros x y. unfold norm2, minus. simpl in *.
  assert ((0 <= hg x - hg y <= x - y) \/ (x - y <= hg x - hg y <= 0)) as D.
  { unfold hg. destruct (Rlt_dec x (- eta)); destruct (Rlt_dec y (- eta)); try destruct (Rlt_dec eta x);
      try destruct (Rlt_dec eta y); destruct (Rle_dec x y); lra. }
  set (u := hg x - hg y) in *. set (v := x - y) in *.
  replace (hg x + -1 * hg y) with u by (unfold u; ring). replace (x + -1 * y) with v by (unfold v; ring).
  destruct D; nra.
Qed.

Lemma huber_slope_0 : hg 0 = 0.
Proof. unfold hg. destruct (Rlt_dec 0 (- eta)); [lra|]. destruct (Rlt_dec eta 0); [lra|reflexivity]. Qed.

Lemma huber_minimiser : minimiser (V := line) hf 0.
Proof. intro y. pose proof (huber_between 0 y) as [A _]. rewrite huber_slope_0 in A. simpl in *. lra. Qed.

Lemma huber_right : forall x : R, eta <= x -> hg x = eta.
Proof.
  intros x H. unfold hg. destruct (Rlt_dec x (- eta)); [lra|]. destruct (Rlt_dec eta x); [reflexivity|lra].
Qed.

Fixpoint total (l : list R) : R := match l with [] => 0 | a :: l' => a + total l' end.

Lemma total_pos : forall l, Forall (fun h => 0 <= h) l -> 0 <= total l.
Proof. induction 1; simpl; lra. Qed.

Lemma final_cons : forall (V : inner_space) L (g : V -> V) x h hs,
  final (gradient_descent L g x (h :: hs)) = final (gradient_descent L g (x - (h / L) * g x)%V hs).
Proof. intros. unfold final. simpl. destruct hs; reflexivity. Qed.

Lemma huber_descent : forall hs (x : R), Forall (fun h => 0 <= h) hs -> eta <= x - eta * total hs ->
  @eq R (final (gradient_descent (V := line) 1 hg x hs)) (x - eta * total hs).
Proof.
  induction hs as [|h hs IH]; intros x F H; [simpl; unfold final; simpl; in_reals; ring|]. simpl total in *.
  inversion F as [|? ? Hh Fs]; subst. pose proof (total_pos _ Fs).
  rewrite final_cons. unfold minus. simpl plus. simpl times. rewrite (huber_right x) by nra.
  change (vector line) with R. rewrite IH; [in_reals; field|exact Fs|]. unfold Rdiv. rewrite Rinv_1. nra.
Qed.
End Huber.

Theorem huber_lower_bound : forall hs, Forall (fun h => 0 <= h) hs ->
  exists (f : line -> R) (g : line -> line),
    convex f /\ gradient f g /\ lipschitz g 1 /\ minimiser f 0 /\
    f (final (gradient_descent 1 g (1 : line) hs)) - f 0 = / (2 * (1 + 2 * total hs)) * norm2 ((1 : line) - (0 : line)).
Proof.
  intros hs F. pose proof (total_pos _ F) as P. set (H := total hs) in *. set (eta := / (1 + 2 * H)).
  assert (0 < eta) as He by (apply Rinv_0_lt_compat; lra).
  assert (eta * (1 + 2 * H) = 1) as E1 by (unfold eta; field; lra).
  exists (hf eta), (hg eta).
  split; [apply huber_convex; exact He|]. split; [apply huber_gradient; exact He|].
  split; [apply huber_lipschitz; exact He|]. split; [apply huber_minimiser; exact He|].
  rewrite huber_descent; [|exact He|exact F|fold H; simpl; nra]. fold H.
  unfold hf. rewrite huber_slope_0 by exact He. rewrite huber_right by (try exact He; simpl; nra).
  unfold norm2, minus. simpl. replace (/ (2 * (1 + 2 * H))) with (eta / 2) by (unfold eta; field; lra). nra.
Qed.
