(* Written by pepkit from the certificate 10d65f49dd4ee4e9d59abeaf44eac75016a571b9217517836f14626ae2c20a56
   of the claim bce3748e17d052bb1f4946c6dbebb3fc9bd4941c3278af57a52a9940e359f002. *)
From Pep Require Import CompositionInstance.

Definition K := quadratic 2.
Definition E := quadratic_real 2.
Definition D : K := scalar K 26894.

Definition one : K := element K [26894; 0]%Z.
Lemma bound_one : at_least E D one (weight empty).
Proof. apply bound_empty; [simpl weight; lra|checked]. Qed.
Lemma bound_empty_f : at_least E D one (weight (s_as_f empty)).
Proof. apply bound_empty; [simpl weight; lra|checked]. Qed.

Definition part_0 : schedule := s_join empty empty.
Lemma kind_0 : of_kind_s part_0.
Proof. exact (s_join_ok _ _ empty_s empty_s). Qed.
Definition number_0 : K := element K [26894; 26894]%Z.
Lemma bound_0 : at_least E D number_0 (weight part_0).
Proof. apply (bound_s E D empty empty one one number_0 empty_s empty_s bound_one bound_one).
checked. Qed.

Definition part_1 : schedule := s_join part_0 part_0.
Lemma kind_1 : of_kind_s part_1.
Proof. exact (s_join_ok _ _ kind_0 kind_0). Qed.
Definition number_1 : K := element K [80682; 53788]%Z.
Lemma bound_1 : at_least E D number_1 (weight part_1).
Proof. apply (bound_s E D part_0 part_0 number_0 number_0 number_1 kind_0 kind_0 bound_0 bound_0).
checked. Qed.

Definition part_2 : schedule := s_join part_1 part_1.
Lemma kind_2 : of_kind_s part_2.
Proof. exact (s_join_ok _ _ kind_1 kind_1). Qed.
Definition number_2 : K := element K [188258; 134470]%Z.
Lemma bound_2 : at_least E D number_2 (weight part_2).
Proof. apply (bound_s E D part_1 part_1 number_1 number_1 number_2 kind_1 kind_1 bound_1 bound_1).
checked. Qed.

Definition part_3 : schedule := s_join part_2 part_2.
Lemma kind_3 : of_kind_s part_3.
Proof. exact (s_join_ok _ _ kind_2 kind_2). Qed.
Definition number_3 : K := element K [457198; 322728]%Z.
Lemma bound_3 : at_least E D number_3 (weight part_3).
Proof. apply (bound_s E D part_2 part_2 number_2 number_2 number_3 kind_2 kind_2 bound_2 bound_2).
checked. Qed.

Definition part_4 : schedule := s_join part_3 part_3.
Lemma kind_4 : of_kind_s part_4.
Proof. exact (s_join_ok _ _ kind_3 kind_3). Qed.
Definition number_4 : K := element K [1102654; 779926]%Z.
Lemma bound_4 : at_least E D number_4 (weight part_4).
Proof. apply (bound_s E D part_3 part_3 number_3 number_3 number_4 kind_3 kind_3 bound_3 bound_3).
checked. Qed.

Definition part_5 : schedule := s_join part_4 part_4.
Lemma kind_5 : of_kind_s part_5.
Proof. exact (s_join_ok _ _ kind_4 kind_4). Qed.
Definition number_5 : K := element K [2662506; 1882580]%Z.
Lemma bound_5 : at_least E D number_5 (weight part_5).
Proof. apply (bound_s E D part_4 part_4 number_4 number_4 number_5 kind_4 kind_4 bound_4 bound_4).
checked. Qed.

Definition part_6 : schedule := s_join part_5 part_5.
Lemma kind_6 : of_kind_s part_6.
Proof. exact (s_join_ok _ _ kind_5 kind_5). Qed.
Definition number_6 : K := element K [6427666; 4545086]%Z.
Lemma bound_6 : at_least E D number_6 (weight part_6).
Proof. apply (bound_s E D part_5 part_5 number_5 number_5 number_6 kind_5 kind_5 bound_5 bound_5).
checked. Qed.

Definition part_7 : schedule := s_join part_6 part_6.
Lemma kind_7 : of_kind_s part_7.
Proof. exact (s_join_ok _ _ kind_6 kind_6). Qed.
Definition number_7 : K := element K [15517838; 10972752]%Z.
Lemma bound_7 : at_least E D number_7 (weight part_7).
Proof. apply (bound_s E D part_6 part_6 number_6 number_6 number_7 kind_6 kind_6 bound_6 bound_6).
checked. Qed.

Definition part_8 : schedule := s_join part_7 part_7.
Lemma kind_8 : of_kind_s part_8.
Proof. exact (s_join_ok _ _ kind_7 kind_7). Qed.
Definition number_8 : K := element K [37463342; 26490590]%Z.
Lemma bound_8 : at_least E D number_8 (weight part_8).
Proof. apply (bound_s E D part_7 part_7 number_7 number_7 number_8 kind_7 kind_7 bound_7 bound_7).
checked. Qed.

Definition part_9 : schedule := s_join part_8 part_8.
Lemma kind_9 : of_kind_s part_9.
Proof. exact (s_join_ok _ _ kind_8 kind_8). Qed.
Definition number_9 : K := element K [90444522; 63953932]%Z.
Lemma bound_9 : at_least E D number_9 (weight part_9).
Proof. apply (bound_s E D part_8 part_8 number_8 number_8 number_9 kind_8 kind_8 bound_8 bound_8).
checked. Qed.

Definition number_9_as_f : K := element K [180862150; 127907864]%Z.
Lemma number_9_as_f_bound : at_least E D number_9_as_f (weight (s_as_f part_9)).
Proof. apply (bound_as_f E D part_9 number_9 number_9_as_f bound_9).
checked. Qed.
Definition rate_number : K := element K [(-6725); 4756]%Z.
Lemma rate_reached : 1 <= (-6725/26894 + 2378/13447 * sqrt 2) * (2 * weight (s_as_f part_9)).
Proof. apply (value_bound E D number_9_as_f rate_number); [unfold rate_number, D, K, E; number | apply number_9_as_f_bound | checked]. Qed.

Theorem rate : forall (V : inner_space) (f : V -> R) (g : V -> V) (L : R), 0 < L ->
  convex f -> gradient f g -> lipschitz g L ->
  forall x_star, minimiser f x_star -> forall x0,
  let x := gradient_descent L g x0 (steps part_9) in
  f (final x) - f x_star <= (-6725/26894 + 2378/13447 * sqrt 2) * L * norm2 (x0 - x_star).
Proof.
  intros V f g L HL Hc Hg Hl x_star Hs.
  exact (f_rate (s_as_f part_9) (-6725/26894 + 2378/13447 * sqrt 2) f g L HL Hc Hg Hl x_star Hs (s_as_f_ok _ kind_9) rate_reached).
Qed.

(* No smaller constant holds: a Huber function attains the rate of the tree. *)
Theorem sharp : forall rho : R,
  (forall (V : inner_space) (f : V -> R) (g : V -> V) (L : R), 0 < L ->
    convex f -> gradient f g -> lipschitz g L ->
    forall x_star, minimiser f x_star -> forall x0,
    let x := gradient_descent L g x0 (steps part_9) in
    f (final x) - f x_star <= rho * L * norm2 (x0 - x_star)) ->
  / (2 * weight (s_as_f part_9)) <= rho.
Proof. intros rho H. exact (no_smaller_rate (s_as_f part_9) (s_as_f_ok _ kind_9) rho H). Qed.
Print Assumptions sharp.
Print Assumptions rate.
