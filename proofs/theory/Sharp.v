(* No smaller constant holds: a rate that a Huber function attains, for steps and a rate given by numbers of a ring. *)
From Coq Require Import Reals Lra Psatz ZArith List Bool.
From Pep Require Import Space Classes Ring Methods Rate Spaces Huber.
Import ListNotations.
Open Scope R_scope.

(* The rate r holds for the values of gradient descent with the steps hs (in units of 1/L). *)
Definition value_rate (hs : list R) (r : R) := forall (V : inner_space) (f : V -> R) (g : V -> V) (L : R), 0 < L ->
  convex f -> gradient f g -> lipschitz g L -> forall x_star, minimiser f x_star -> forall x0,
  let x := gradient_descent L g x0 hs in f (final x) - f x_star <= r * L * norm2 (x0 - x_star).

Theorem huber_rate : forall hs, Forall (fun h => 0 <= h) hs -> forall rho, value_rate hs rho -> / (2 * (1 + 2 * total hs)) <= rho.
Proof.
  intros hs N rho H. destruct (huber_lower_bound hs N) as [f [g [C [G [Li [M E]]]]]].
  specialize (H _ f g 1 Rlt_0_1 C G Li _ M (1 : line)). cbv zeta in H. rewrite E in H.
  unfold norm2, minus in H. simpl in H. lra.
Qed.

Section Checked.
Context {K : ring} (E : realisation K).
Notation val := (value E).

Definition ring_total (hs : list K) : K := fold_right (cadd K) (c0 K) hs.

(* r <= 1 / (2 (1 + 2 H)), for r = nr / nd and steps h / den *)
Definition sharp_check (den : K) (hs : list K) (nr nd : K) : bool :=
  is_positive K den && is_positive K nd && forallb (nonnegative K) hs
  && nonnegative K (csub K (cmul K nd den) (ctwice K (cmul K nr (cadd K den (ctwice K (ring_total hs)))))).

Lemma steps_total : forall den hs rs, Forall2 (step_means E den) hs rs -> val (ring_total hs) = total rs * val den.
Proof.
  intros den hs rs H. induction H as [|h r hs rs Hh _ IH]; simpl; [rewrite value_0; ring|].
  rewrite value_add, IH, Hh. ring.
Qed.

Lemma steps_nonnegative : forall den hs rs, 0 < val den -> Forall2 (step_means E den) hs rs ->
  forallb (nonnegative K) hs = true -> Forall (fun h => 0 <= h) rs.
Proof.
  intros den hs rs P H. induction H as [|h r hs rs Hh _ IH]; intro B; [constructor|].
  simpl in B. apply andb_true_iff in B. destruct B as [B1 B2]. constructor; [|apply IH, B2].
  apply (nonnegative_ok E) in B1. unfold step_means in Hh. rewrite Hh in B1. apply Rnot_lt_le. intro. nra.
Qed.

Theorem no_smaller_constant : forall den hs nr nd, sharp_check den hs nr nd = true ->
  forall rs r, Forall2 (step_means E den) hs rs -> val nr = r * val nd ->
  forall rho, value_rate rs rho -> r <= rho.
Proof.
  intros den hs nr nd H rs r Hs Er rho Hrho. unfold sharp_check in H.
  apply andb_true_iff in H. destruct H as [H H4]. apply andb_true_iff in H. destruct H as [H H3].
  apply andb_true_iff in H. destruct H as [H1 H2]. apply (is_positive_ok K E) in H1, H2. apply (nonnegative_ok E) in H4.
  pose proof (steps_nonnegative den hs rs H1 Hs H3) as N. pose proof (total_pos rs N) as T.
  unfold csub, ctwice in H4. rewrite !value_add, value_opp, !value_add, !value_mul, !value_add, (steps_total den hs rs Hs), Er in H4.
  eapply Rle_trans; [|apply (huber_rate rs N rho Hrho)]. set (d := val den) in *. set (e := val nd) in *. set (t := total rs) in *.
  clearbody d e t. assert (0 < d * e) as P by (apply Rmult_lt_0_compat; assumption).
  assert (0 <= (1 - r * (2 * (1 + 2 * t))) * (d * e)) as Q by lra.
  assert (r * (2 * (1 + 2 * t)) <= 1) as B by (apply Rnot_lt_le; intro; nra).
  apply Rmult_le_reg_r with (2 * (1 + 2 * t)); [lra|]. rewrite Rinv_l by lra. exact B.
Qed.
End Checked.
