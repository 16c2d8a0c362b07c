From Pep Require Import Instance.
Definition K := integers.
Definition steps : list K := coordinates K (decode [2;3;2;3;2;3;2;3]%uint63).
Definition method := GradientDescent K steps.
Definition problem := Problem K false SmallestGradient InitialGap (hd (c0 K) (coordinates K (decode [3;1]%uint63))) (scalar K 2) (scalar K 4) method.
Definition interpolation_0 := [0;2;1;2;1099511627776;2;1;2;2;2;1099511627776;2;2;2;3;2;1099511627776;2;3;2;4;2;1099511627776]%uint63.
Definition interpolation := triples K (decode (interpolation_0)).
Definition infimum_0 := [2;4;2;3298534883328]%uint63.
Definition infimum := pairs K (decode (infimum_0)).
Definition smallest_0 := [0;2;2680059592704;2;1;2;4329327034368;2;2;2;4329327034368;2;3;2;4329327034368;2;4;2;4947802324992]%uint63.
Definition smallest := pairs K (decode (smallest_0)).
Definition kernel := [(0%nat, coordinates K (decode [2;4;0;0;0;0;0]%uint63));
(1%nat, coordinates K (decode [0;2;1;2;1;2;1;2;1;2;1]%uint63))] : list (nat * list K).
Definition columns := map (integer_column K) [
[];
[];
[2;5841526;3;3011574;0;0];
[2;5005384;3;3514654;0];
[2;4665902;3;3770372];
[2;1521692]]%uint63.
Definition certificate := Certificate K (hd (c0 K) (coordinates K (decode [2;6597069766656]%uint63))) (hd (c0 K) (coordinates K (decode [2;20615843020800]%uint63))) interpolation infimum smallest kernel columns.
Lemma accepted : check K problem certificate = true.
Proof. vm_cast_no_check (eq_refl true). Qed.
Theorem rate : forall (V : inner_space) (f : V -> R) (g : V -> V) (L : R), 0 < L ->
  strongly_convex ((-1/2) * L) f -> gradient f g -> lipschitz g L ->
  forall f_star, (forall y, f_star <= f y) -> forall x0,
  let x := gradient_descent L g x0 [(3/4); (3/4); (3/4); (3/4)] in
  smallest_gradient g x <= (8/25) * L * (f x0 - f_star).
Proof. prove_rate integers_real accepted. Qed.
Print Assumptions rate.
