From Pep Require Import Instance.
(* The claim. *)
Definition K := integers.
Definition steps : list K := coordinates K (decode [2;1]%uint63).
Definition problem := Problem K true ValueGap InitialDistance
  (scalar K 0) (scalar K 1) (scalar K 1) (GradientDescent K steps).
(* The proof. *)
Definition interpolation_0 := [0; 2;1; 2;3]%uint63.
Definition interpolation_1 := [2;2; 0; 2;3; 2;2; 2;1; 2;3]%uint63.
Definition interpolation := triples K (decode (interpolation_0 ++ interpolation_1)).
Definition kernel := [(0%nat, coordinates K (decode [2;3; 2;1; 2;1]%uint63))].
Definition columns := map (integer_column K) [[]; [2;3; 2;1]; [2;2]]%uint63.
Definition certificate := Certificate K (scalar K 2) (scalar K 12) interpolation [] [] kernel columns.
Lemma accepted : check K problem certificate = true.
Proof. vm_cast_no_check (eq_refl true). Qed.
Theorem rate : forall (V : inner_space) (f : V -> R) (g : V -> V) (L : R), 0 < L ->
  convex f -> gradient f g -> lipschitz g L ->
  forall x_star, minimiser f x_star -> forall x0,
  let x := gradient_descent L g x0 [1] in
  f (final x) - f x_star <= 1/6 * L * norm2 (x0 - x_star).
Proof. prove_rate integers_real accepted. Qed.
Print Assumptions rate.
