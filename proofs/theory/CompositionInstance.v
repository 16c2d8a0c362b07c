(* What a file with one composition imports. *)
From Pep Require Export Instance.
From Pep Require Export Huber Joins Composition StronglyConvexComposition Bounds.
From Coq Require Export Reals.
Open Scope R_scope.

(* No smaller constant holds for a schedule that decides values: a Huber function attains the rate. *)
Theorem no_smaller_rate : forall a : schedule, of_kind_f a -> forall rho,
  (forall (V : inner_space) (f : V -> R) (g : V -> V) (L : R), 0 < L -> convex f -> gradient f g -> lipschitz g L ->
     forall x_star, minimiser f x_star -> forall x0,
     f (final (gradient_descent L g x0 (steps a))) - f x_star <= rho * L * norm2 (x0 - x_star)) ->
  / (2 * weight a) <= rho.
Proof.
  intros a [W [T [N _]]] rho H. destruct (huber_lower_bound (steps a) N) as [f [g [C [G [Li [M E]]]]]].
  specialize (H _ f g 1 Rlt_0_1 C G Li _ M (1 : Spaces.line)). rewrite E, T in H.
  replace (1 + 2 * ((weight a - 1) / 2)) with (weight a) in H by field. unfold norm2, minus in H. simpl in H. lra.
Qed.

Ltac checked := lazymatch goal with |- _ = true => vm_cast_no_check (eq_refl true) end.
