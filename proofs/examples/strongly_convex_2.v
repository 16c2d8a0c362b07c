From Pep Require Import Instance.
Definition K := integers.
Definition steps : list K := coordinates K (decode [2;20;2;20]%uint63).
Definition method := GradientDescent K steps.
Definition problem := Problem K true Distance InitialDistance (hd (c0 K) (coordinates K (decode [2;1]%uint63))) (scalar K 10) (scalar K 11) method.
Definition interpolation_0 := [0;2;3;2;1620;2;1;2;3;2;2420;2;3;0;2;1620;2;3;2;1;2;2420]%uint63.
Definition interpolation := triples K (decode (interpolation_0)).
Definition infimum := pairs K [].
Definition smallest := pairs K [].
Definition kernel := [(0%nat, coordinates K (decode [2;121;0;2;2;0]%uint63));
(1%nat, coordinates K (decode [0;2;121;3;121;2;81]%uint63))] : list (nat * list K).
Definition columns := map (integer_column K) [
[];
[];
[];
[]]%uint63.
Definition certificate := Certificate K (hd (c0 K) (coordinates K (decode [2;6561]%uint63))) (hd (c0 K) (coordinates K (decode [2;14641]%uint63))) interpolation infimum smallest kernel columns.
Lemma accepted : check K problem certificate = true.
Proof. vm_cast_no_check (eq_refl true). Qed.
Theorem rate : forall (V : inner_space) (f : V -> R) (g : V -> V) (L : R), 0 < L ->
  strongly_convex ((1/10) * L) f -> gradient f g -> lipschitz g L ->
  forall x_star, minimiser f x_star -> forall x0,
  let x := gradient_descent L g x0 [(20/11); (20/11)] in
  norm2 (final x - x_star) <= (6561/14641) * norm2 (x0 - x_star).
Proof. prove_rate integers_real accepted. Qed.
Print Assumptions rate.
