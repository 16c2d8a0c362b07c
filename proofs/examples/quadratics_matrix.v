(* Written by pepkit from the certificate ad3c34a550a09f4af032daf7c001c78b73909820f78079deb2156f69e475eefd
   of the claim 9b1d477a2ec1ac6a78682ff9f21a7f9929ec021659342699ae27cdb0f3c36df0. *)
From Pep Require Import Instance Listed MatrixHypotheses.

Definition K : ring := integers.

Definition inequality_0 : form K := sparse K [(0%nat, 0%nat, element K [(-1)]%Z); (0%nat, 1%nat, element K [2]%Z); (1%nat, 1%nat, element K [(-1)]%Z)] [(0%nat, element K [1]%Z)].
Definition equality_1 : form K := sparse K [(0%nat, 3%nat, element K [3]%Z); (1%nat, 3%nat, element K [(-3)]%Z); (2%nat, 3%nat, element K [1]%Z)] [(1%nat, element K [(-6)]%Z); (3%nat, element K [6]%Z)].
Definition equality_2 : form K := sparse K [(0%nat, 2%nat, element K [3]%Z); (0%nat, 3%nat, element K [(-3)]%Z); (1%nat, 2%nat, element K [(-3)]%Z); (1%nat, 3%nat, element K [3]%Z); (2%nat, 2%nat, element K [1]%Z)] [].
Definition matrix_0 : list (list (form K)) := [
  [sparse K [] []; sparse K [] []; sparse K [] []];
  [sparse K [] []; sparse K [(0%nat, 0%nat, element K [(-9)]%Z); (0%nat, 1%nat, element K [18]%Z); (0%nat, 2%nat, element K [(-33)]%Z); (1%nat, 1%nat, element K [(-9)]%Z); (1%nat, 2%nat, element K [33]%Z); (2%nat, 2%nat, element K [(-10)]%Z)] []; sparse K [(0%nat, 0%nat, element K [(-9)]%Z); (0%nat, 1%nat, element K [18]%Z); (0%nat, 2%nat, element K [(-3)]%Z); (0%nat, 3%nat, element K [(-33)]%Z); (1%nat, 1%nat, element K [(-9)]%Z); (1%nat, 2%nat, element K [3]%Z); (1%nat, 3%nat, element K [33]%Z); (2%nat, 3%nat, element K [(-10)]%Z)] []];
  [sparse K [] []; sparse K [(0%nat, 0%nat, element K [(-9)]%Z); (0%nat, 1%nat, element K [18]%Z); (0%nat, 2%nat, element K [(-3)]%Z); (0%nat, 3%nat, element K [(-33)]%Z); (1%nat, 1%nat, element K [(-9)]%Z); (1%nat, 2%nat, element K [3]%Z); (1%nat, 3%nat, element K [33]%Z); (2%nat, 3%nat, element K [(-10)]%Z)] []; sparse K [(0%nat, 0%nat, element K [(-9)]%Z); (0%nat, 1%nat, element K [18]%Z); (0%nat, 2%nat, element K [(-6)]%Z); (0%nat, 3%nat, element K [(-33)]%Z); (1%nat, 1%nat, element K [(-9)]%Z); (1%nat, 2%nat, element K [6]%Z); (1%nat, 3%nat, element K [33]%Z); (2%nat, 2%nat, element K [(-1)]%Z); (2%nat, 3%nat, element K [(-11)]%Z); (3%nat, 3%nat, element K [(-10)]%Z)] []]].
Definition square_0 : list K := [element K [1]%Z; element K [0]%Z; element K [0]%Z].
Definition square_1 : list K := [element K [0]%Z; element K [2]%Z; element K [(-3)]%Z].
Definition measure : form K := sparse K [] [(1%nat, element K [(-1)]%Z); (3%nat, element K [1]%Z)].
Definition normaliser : form K := sparse K [] [(0%nat, element K [1]%Z)].
Definition multiplier_numbers_0 := ([2;26214400;2;7077888;2;327680])%uint63.
Definition free_numbers_0 := ([3;19660800;2;8519680])%uint63.
Definition inequalities : list (form K) := [inequality_0; at_vector K matrix_0 square_0; at_vector K matrix_0 square_1].
Definition equalities : list (form K) := [equality_1; equality_2].
Definition multipliers : list K := coordinates K (decode (multiplier_numbers_0)).
Definition free : list K := coordinates K (decode (free_numbers_0)).
Definition rate_number : K := element K [26214400]%Z.
Definition unit_number : K := element K [117964800]%Z.
Definition kernel_0_0 := ([2;3;0;3;3;3;2])%uint63.
Definition kernel_1_0 := ([0;2;3;2;3;2;2])%uint63.
Definition kernel : list (nat * list K) := [(0%nat, coordinates K (decode (kernel_0_0))); (1%nat, coordinates K (decode (kernel_1_0)))].
Definition column_2_0 := ([2;3374;2;3788])%uint63.
Definition column_3_0 := ([2;5468])%uint63.
Definition columns : list (list K) := [[]; []; integer_column K (column_2_0); integer_column K (column_3_0)].
Lemma accepted : check_listed K 4 inequalities equalities measure normaliser
  rate_number unit_number multipliers free kernel columns = true.
Proof. vm_cast_no_check (eq_refl true). Qed.

Theorem rate : forall (V : inner_space) (v0 v1 v2 v3 : V) (F0 F1 F2 : R),
  0 <= (-1) * norm2 v0 + 2 * inner v0 v1 + (-1) * norm2 v1 + 1 ->  (* Initial condition *)
  1/2 * inner v0 v2 + (-1/2) * inner v1 v2 + (-1) * F0 + F1 = 0 ->  (* IC_Function_0_value Point_1 *)
  1/2 * inner v0 v3 + (-1/2) * inner v1 v3 + 1/6 * inner v2 v3 + (-1) * F0 + F2 = 0 ->  (* IC_Function_0_value Point_2 *)
  inner v0 v2 + (-1) * inner v0 v3 + (-1) * inner v1 v2 + inner v1 v3 + 1/3 * norm2 v2 = 0 ->  (* IC_Function_0_symmetry Point_1, Point_2 *)
  33/10 * inner v0 v2 + (-33/10) * inner v0 v3 + (-33/10) * inner v1 v2 + 33/10 * inner v1 v3 + 11/10 * norm2 v2 = 0 ->  (* matrix 0, entry 3, 2 , is symmetric *)
  semidefinite_matrix [
    [0; 0; 0];
    [0; (-9/10) * norm2 v0 + 9/5 * inner v0 v1 + (-33/10) * inner v0 v2 + (-9/10) * norm2 v1 + 33/10 * inner v1 v2 + (-1) * norm2 v2; (-9/10) * norm2 v0 + 9/5 * inner v0 v1 + (-3/10) * inner v0 v2 + (-33/10) * inner v0 v3 + (-9/10) * norm2 v1 + 3/10 * inner v1 v2 + 33/10 * inner v1 v3 + (-1) * inner v2 v3];
    [0; (-9/10) * norm2 v0 + 9/5 * inner v0 v1 + (-3/10) * inner v0 v2 + (-33/10) * inner v0 v3 + (-9/10) * norm2 v1 + 3/10 * inner v1 v2 + 33/10 * inner v1 v3 + (-1) * inner v2 v3; (-9/10) * norm2 v0 + 9/5 * inner v0 v1 + (-3/5) * inner v0 v2 + (-33/10) * inner v0 v3 + (-9/10) * norm2 v1 + 3/5 * inner v1 v2 + 33/10 * inner v1 v3 + (-1/10) * norm2 v2 + (-11/10) * inner v2 v3 + (-1) * norm2 v3]] ->  (* matrix 0 *)
  (-1) * F0 + F2 <= 2/9 * (1).
Proof.
  intros V v0 v1 v2 v3 F0 F1 F2 i0 e0 e1 e2 e3 m0.
  assert (eval_form integers_real (V := V) [v0; v1; v2; v3] (1 :: [F0; F1; F2]) measure
    <= 2/9 * eval_form integers_real (V := V) [v0; v1; v2; v3] (1 :: [F0; F1; F2]) normaliser) as H.
  { apply (listed_sound integers_real _ _ _ _ _ _ _ _ _ _ _ accepted [v0; v1; v2; v3] [F0; F1; F2] eq_refl).
    - unfold inequalities.
      apply Forall_cons; [clear - i0; unfold inequality_0; rewrite eval_sparse; unfold K, norm2 in *; listed_number; lra|].
      apply Forall_cons.
      { apply (matrix_inequality integers_real [v0; v1; v2; v3] (1 :: [F0; F1; F2]) matrix_0 _ 10 square_0 m0); [lra| |reflexivity].
        clear; unfold matrix_0;
        repeat (first [apply Forall2_nil | apply Forall2_cons]);
        rewrite eval_sparse; unfold K, norm2 in *; listed_number; lra. }
      apply Forall_cons.
      { apply (matrix_inequality integers_real [v0; v1; v2; v3] (1 :: [F0; F1; F2]) matrix_0 _ 10 square_1 m0); [lra| |reflexivity].
        clear; unfold matrix_0;
        repeat (first [apply Forall2_nil | apply Forall2_cons]);
        rewrite eval_sparse; unfold K, norm2 in *; listed_number; lra. }
      apply Forall_nil.
    - unfold equalities.
      apply Forall_cons; [clear - e1; unfold equality_1; rewrite eval_sparse; unfold K, norm2 in *; listed_number; lra|].
      apply Forall_cons; [clear - e2; unfold equality_2; rewrite eval_sparse; unfold K, norm2 in *; listed_number; lra|].
      apply Forall_nil.
    - clear; unfold rate_number, unit_number; unfold K, norm2 in *; listed_number; lra. }
  clear - H. unfold measure, normaliser in H. rewrite !eval_sparse in H. revert H. unfold K, norm2 in *; listed_number.
  intro H. lra.
Qed.
Print Assumptions rate.
