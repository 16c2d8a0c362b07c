(* Written by pepkit from the certificate 97e48ceed2db184deac825990b9f09bcd2b486105cfc271abea02fb25e9dc858
   of the claim 9ba86d86a521e2d1815eb7888b35a9613d043f43a2caa238adc17aae3209844f. *)
From Pep Require Import Instance Listed Network.

Definition layer_0 : layer := (Layer 4
  [[4; (-2)];
   [2; 4];
   [(-4); 1]]
  [0; 2; (-1)]
  [0; 0; 0])%Z.
Definition layer_1 : layer := (Layer 8
  [[8; 4; (-8)]]
  [1]
  [])%Z.
Definition multiplier_0 := ([4;242836746104995840;276;4;990263220851703808;374;4;779139138166194176;283])%uint63.
Definition column_0_0 := ([2;220009675564;0;3;92635685030;3;62860203556;2;95139357588])%uint63.
Definition column_1_0 := ([2;220009675564;2;46317842514;3;125720407112;3;23784839396])%uint63.
Definition column_2_0 := ([2;143492328142;3;32910236692;2;134917979416])%uint63.
Definition column_3_0 := ([2;179215285404;2;67811117698])%uint63.
Definition column_4_0 := ([2;22037358])%uint63.
Definition kernel : list (nat * list Z) := [].
Definition columns : list (list Z) := [integer_column integers (column_0_0); integer_column integers (column_1_0); integer_column integers (column_2_0); integer_column integers (column_3_0); integer_column integers (column_4_0)].
Lemma accepted : lipschitz_check 2 [layer_0] layer_1
  (24202128952518722453504)%Z (73786976294838206464)%Z (decode (multiplier_0)) kernel columns = true.
Proof. vm_cast_no_check (eq_refl true). Qed.

Theorem rate : forall x y : list R, length x = 2%nat -> length y = 2%nat ->
  let f := network [layer_0] layer_1 in
  squared_distance (f x) (f y) <= 5770237196092301/1125899906842624 * squared_distance x y.
Proof.
  intros x y Hx Hy f. unfold f.
  refine (lipschitz_sound _ _ _ _ _ _ _ _ accepted (5770237196092301/1125899906842624) _ x y Hx Hy).
  unfold layer_1. cbn [unit]. lra.
Qed.
Theorem lipschitz : forall x y : list R, length x = 2%nat -> length y = 2%nat ->
  let f := network [layer_0] layer_1 in
  distance (f x) (f y) <= sqrt (5770237196092301/1125899906842624) * distance x y.
Proof. intros x y Hx Hy f. apply (distance_bound (5770237196092301/1125899906842624)); [lra|exact (rate x y Hx Hy)]. Qed.
Print Assumptions lipschitz.
