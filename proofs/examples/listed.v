From Pep Require Import Instance Listed.

(* Two vectors u, v and a scalar F: if |u - v|^2 <= F and <u, v> = 0 then |u|^2 <= F. *)
Definition K := integers.
Definition near := Form (K := K) [([-1; 1]%Z, [1; -1]%Z)] [(1%nat, 1%Z)].
Definition orthogonal := Form (K := K) [([1]%Z, [0; 1]%Z)] [].
Definition measure := Form (K := K) [([1]%Z, [1]%Z)] [].
Definition normaliser := Form (K := K) [] [(1%nat, 1%Z)].

Lemma accepted : check_listed K 2 [near] [orthogonal] measure normaliser 1%Z 1%Z [1%Z] [(-2)%Z] [] [] = true.
Proof. vm_cast_no_check (eq_refl true). Qed.

Ltac readable := cbv beta iota zeta delta [eval_form eval_products eval_multiples products multiples fold_right fst snd eval nth
  near orthogonal measure normaliser value integers_real]; expand_inner.

Theorem rate : forall (V : inner_space) (u v : V) (F : R),
  norm2 (u - v) <= F -> inner u v = 0 -> norm2 u <= 1 * F.
Proof.
  intros V u v F near_uv orthogonal_uv.
  pose proof (listed_sound integers_real _ _ _ _ _ _ _ _ _ _ _ accepted [u; v] [F] eq_refl) as H.
  assert (inner v u = 0) by (rewrite inner_sym; exact orthogonal_uv).
  revert near_uv; expand_inner; intro near_uv.
  assert (norm2 u <= 1 * F); [|unfold norm2 in *; assumption].
  specialize (H ltac:(constructor; [readable; lra|constructor]) ltac:(constructor; [readable; lra|constructor]) 1 ltac:(readable; lra)).
  revert H. readable. intro H. unfold norm2. lra.
Qed.
Print Assumptions rate.
