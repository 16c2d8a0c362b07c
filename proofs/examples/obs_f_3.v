From Pep Require Import Instance.
Definition K := (quadratic 2).
Definition steps : list K := coordinates K (decode [0;2;2;2;2;2;2;2;3;0]%uint63).
Definition method := GradientDescent K steps.
Definition problem := Problem K true ValueGap InitialDistance (hd (c0 K) (coordinates K (decode [0;0]%uint63))) (scalar K 1) (scalar K 2) method.
Definition interpolation_0 := [0;2;1;3;1099511627776;2;1099511627776;2;1;0;2;3298534883328;3;2199023255552;2;1;2;2;3;1099511627776;2;1099511627776;2;1;2;3;3;1099511627776;2;1099511627776;2;2;2;3;2;1099511627776;0;2;4;0;3;4398046511104;2;3298534883328;2;4;2;1;2;2199023255552;3;1099511627776;2;4;2;2;2;2199023255552;3;1099511627776;2;4;2;3;2;2199023255552;3;1099511627776]%uint63.
Definition interpolation := triples K (decode (interpolation_0)).
Definition infimum := pairs K [].
Definition smallest := pairs K [].
Definition kernel := [(0%nat, coordinates K (decode [2;4;0;0;0;0;0;0;0;2;2;3;1]%uint63));
(1%nat, coordinates K (decode [0;0;2;1;0;0;0;0;0;2;1;3;1]%uint63));
(2%nat, coordinates K (decode [0;0;0;0;2;1;0;0;0;3;1;0]%uint63));
(3%nat, coordinates K (decode [0;0;0;0;0;0;2;1;0;3;1;0]%uint63))] : list (nat * list K).
Definition columns := map (integer_column K) [
[];
[];
[];
[];
[2;2965820]]%uint63.
Definition certificate := Certificate K (hd (c0 K) (coordinates K (decode [2;3298534883328;3;2199023255552]%uint63))) (hd (c0 K) (coordinates K (decode [2;4398046511104;0]%uint63))) interpolation infimum smallest kernel columns.
Lemma accepted : check K problem certificate = true.
Proof. vm_cast_no_check (eq_refl true). Qed.
Theorem rate : forall (V : inner_space) (f : V -> R) (g : V -> V) (L : R), 0 < L ->
  convex f -> gradient f g -> lipschitz g L ->
  forall x_star, minimiser f x_star -> forall x0,
  let x := gradient_descent L g x0 [(1 * sqrt 2); (1 + 1 * sqrt 2); (3/2)] in
  f (final x) - f x_star <= (3/4 + -1/2 * sqrt 2) * L * norm2 (x0 - x_star).
Proof. prove_rate (quadratic_real 2) accepted. Qed.
Print Assumptions rate.
