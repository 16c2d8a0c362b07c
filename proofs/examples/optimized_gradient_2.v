From Pep Require Import Instance.
Definition K := (number_field [16;80;36;0]%Z (17870561857064861710909763633037117543939790683233661580838992640116281347961338761606522304819318943256748750655474556465)%Z (17870561857064861710909763633037117543939790683233661580838992640116281347961338761606522304819318943256748750655474556466)%Z 400%positive).
Definition method := FixedStep K [coordinates K (decode [3;32;3;56;3;4;2;2]%uint63);
 coordinates K (decode [2;24;3;56;3;12;2;3;3;8;2;36;2;10;3;2]%uint63)].
Definition problem := Problem K true ValueGap InitialDistance (hd (c0 K) (coordinates K (decode [0;0;0;0]%uint63))) (scalar K 1) (scalar K 32) method.
Definition interpolation_0 := [0;2;1;2;10737418240;2;15032385536;2;3221225472;3;805306368;2;1;2;2;2;2147483648;3;3221225472;2;536870912;0;2;3;0;2;10737418240;2;15032385536;2;3221225472;3;805306368;2;3;2;1;3;8589934592;3;18253611008;3;2684354560;2;805306368;2;3;2;2;2;6442450944;2;3221225472;3;536870912;0]%uint63.
Definition interpolation := triples K (decode (interpolation_0)).
Definition infimum := pairs K [].
Definition smallest := pairs K [].
Definition kernel := [(0%nat, coordinates K (decode [2;512;0;0;0;0;0;0;0;0;0;0;0;2;12;2;6;3;1;0]%uint63));
(1%nat, coordinates K (decode [0;0;0;0;2;8;0;0;0;0;0;0;0;3;12;3;6;2;1;0]%uint63));
(2%nat, coordinates K (decode [0;0;0;0;0;0;0;0;2;16;0;0;0;2;8;3;24;3;4;2;1]%uint63))] : list (nat * list K).
Definition columns := map (integer_column K) [
[];
[];
[];
[2;2965820]]%uint63.
Definition certificate := Certificate K (hd (c0 K) (coordinates K (decode [2;5368709120;2;7516192768;2;1610612736;3;402653184]%uint63))) (hd (c0 K) (coordinates K (decode [2;17179869184;0;0;0]%uint63))) interpolation infimum smallest kernel columns.
Lemma accepted : check K problem certificate = true.
Proof. vm_cast_no_check (eq_refl true). Qed.
Theorem root_exists : exists alpha : R, (17870561857064861710909763633037117543939790683233661580838992640116281347961338761606522304819318943256748750655474556465) / 2^400 <= alpha <= (17870561857064861710909763633037117543939790683233661580838992640116281347961338761606522304819318943256748750655474556466) / 2^400 /\ alpha^4 = (16) * alpha^0 + (80) * alpha^1 + (36) * alpha^2 + (0) * alpha^3.
Proof. prove_root K. Qed.
Theorem rate : forall alpha : R, (17870561857064861710909763633037117543939790683233661580838992640116281347961338761606522304819318943256748750655474556465) / 2^400 <= alpha <= (17870561857064861710909763633037117543939790683233661580838992640116281347961338761606522304819318943256748750655474556466) / 2^400 -> alpha^4 = (16) * alpha^0 + (80) * alpha^1 + (36) * alpha^2 + (0) * alpha^3 -> 
  forall (V : inner_space) (f : V -> R) (g : V -> V) (L : R), 0 < L ->
  convex f -> gradient f g -> lipschitz g L ->
  forall x_star, minimiser f x_star -> forall x0,
  let x := fixed_step L g x0 [[(-1 + -7/4 * alpha + -1/8 * alpha^2 + 1/16 * alpha^3)]; [(3/4 + -7/4 * alpha + -3/8 * alpha^2 + 3/32 * alpha^3); (-1/4 + 9/8 * alpha + 5/16 * alpha^2 + -1/16 * alpha^3)]] in
  f (final x) - f x_star <= (5/16 + 7/16 * alpha + 3/32 * alpha^2 + -3/128 * alpha^3) * L * norm2 (x0 - x_star).
Proof. intros alpha interval root. prove_rate_in alpha interval root accepted. Qed.
Print Assumptions rate.
