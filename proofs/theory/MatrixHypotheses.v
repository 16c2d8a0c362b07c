(* Listed hypotheses as they are written in files: sparse forms, and symmetric matrices of forms that are positive semidefinite.

   A multiplier of a matrix hypothesis A is a positive semidefinite matrix, given as the sum of d_k w_k w_k^T with d_k >= 0: then
   <M, A> is the sum of d_k times w_k^T A w_k, so the hypothesis enters as one inequality for each vector w_k. *)
From Coq Require Import Reals Lra List Bool Arith Lia.
From Pep Require Import Space Ring LinearForms QuadraticForms Statement Rate Listed Integers Quadratic NumberField.
Import ListNotations.
Open Scope R_scope.

(* sum of y_i A_ij y_j *)
Definition row_value (row y : list R) : R := fold_right (fun ab s => fst ab * snd ab + s) 0 (combine row y).
Definition quadratic_value (A : list (list R)) (y : list R) : R :=
  fold_right (fun rb s => snd rb * row_value (fst rb) y + s) 0 (combine A y).

Definition semidefinite_matrix (A : list (list R)) := forall y : list R, length y = length A -> 0 <= quadratic_value A y.

Section Computation.
Variable K : ring.

(* the sum of c <b_i, b_j> and of a f_s *)
Definition sparse (pairs : list (nat * nat * K)) (linear : list (nat * K)) : form K :=
  Form (map (fun t => (lunit K (fst (fst t)) (snd t), lunit K (snd (fst t)) (c1 K))) pairs) linear.

Definition add_forms (phi psi : form K) : form K := Form (products phi ++ products psi) (multiples phi ++ multiples psi).

Definition row_form (row : list (form K)) (w : list K) : form K :=
  fold_right (fun pc s => add_forms (scale_form K (snd pc) (fst pc)) s) (Form [] []) (combine row w).
(* w^T A w *)
Definition at_vector (A : list (list (form K))) (w : list K) : form K :=
  fold_right (fun rc s => add_forms (scale_form K (snd rc) (row_form (fst rc) w)) s) (Form [] []) (combine A w).
End Computation.

Section Meaning.
Context {K : ring} (E : realisation K) {V : inner_space}.
Variables (bs : list V) (fs : list R).
Notation val := (value E).
Notation eval_form := (eval_form E bs fs).

Fixpoint sum_pairs (l : list (nat * nat * K)) : R := match l with
  | [] => 0
  | (i, j, c) :: l' => val c * inner (nth i bs zero) (nth j bs zero) + sum_pairs l'
  end.
Fixpoint sum_multiples (l : list (nat * K)) : R := match l with
  | [] => 0
  | (i, c) :: l' => val c * nth i fs 0 + sum_multiples l'
  end.

Lemma eval_sparse : forall pairs linear, eval_form (sparse K pairs linear) = sum_pairs pairs + sum_multiples linear.
Proof.
  intros pairs linear. unfold Statement.eval_form, sparse. cbn [products multiples]. f_equal.
  - induction pairs as [|[[i j] c] l IH]; simpl; [reflexivity|]. rewrite IH. f_equal.
    rewrite eval_unit. rewrite inner_sym, eval_unit, value_1, inner_sym. ring.
  - induction linear as [|[i c] l IH]; simpl; [reflexivity|]. rewrite IH. reflexivity.
Qed.

Lemma eval_add_forms : forall phi psi, eval_form (add_forms K phi psi) = eval_form phi + eval_form psi.
Proof.
  intros [P S] [P' S']. unfold Statement.eval_form, add_forms. cbn [products multiples].
  assert (forall A B, eval_products E bs (A ++ B) = eval_products E bs A + eval_products E bs B) as HP
    by (induction A; intro B; simpl; [ring|rewrite IHA; ring]).
  assert (forall A B, eval_multiples E fs (A ++ B) = eval_multiples E fs A + eval_multiples E fs B) as HS
    by (induction A; intro B; simpl; [ring|rewrite IHA; ring]).
  rewrite HP, HS. ring.
Qed.

Lemma eval_empty_form : eval_form (Form [] []) = 0.
Proof. unfold Statement.eval_form. simpl. ring. Qed.

Lemma eval_row : forall row w, eval_form (row_form K row w) = row_value (map eval_form row) (map val w).
Proof.
  induction row as [|phi row IH]; intro w; [apply eval_empty_form|]. destruct w as [|c w]; [apply eval_empty_form|].
  unfold row_form, row_value. simpl. fold (row_form K row w). fold (row_value (map eval_form row) (map val w)).
  rewrite eval_add_forms, eval_scale_form, IH. ring.
Qed.

Lemma eval_at_vector : forall A w, eval_form (at_vector K A w) = quadratic_value (map (map eval_form) A) (map val w).
Proof.
  intros A w. unfold at_vector, quadratic_value. generalize w at 2 4 as v. revert w.
  induction A as [|row A IH]; intros w v; [apply eval_empty_form|]. destruct v as [|c v]; [apply eval_empty_form|].
  simpl. rewrite eval_add_forms, eval_scale_form, eval_row, IH. reflexivity.
Qed.

Lemma scaled_row : forall q row arow, Forall2 (fun phi a => eval_form phi = q * a) row arow ->
  forall v, row_value (map eval_form row) v = q * row_value arow v.
Proof.
  intros q row arow H. unfold row_value. induction H as [|phi a row arow Ha _ IH]; intro v; [simpl; ring|].
  destruct v as [|c v]; simpl; [ring|]. rewrite IH, Ha. ring.
Qed.

Lemma scaled_matrix : forall q A matrix v, Forall2 (Forall2 (fun phi a => eval_form phi = q * a)) A matrix -> forall y,
  fold_right (fun rb s => snd rb * row_value (fst rb) v + s) 0 (combine (map (map eval_form) A) y)
  = q * fold_right (fun rb s => snd rb * row_value (fst rb) v + s) 0 (combine matrix y).
Proof.
  intros q A matrix v H. induction H as [|row arow A matrix Hrow _ IH]; intro y; [simpl; ring|].
  destruct y as [|c y]; simpl; [ring|]. rewrite IH, (scaled_row q row arow Hrow). ring.
Qed.

(* A hypothesis about a matrix, as the check reads it: the entries of A are q times those of the matrix in the statement. *)
Lemma matrix_inequality : forall A (matrix : list (list R)) (q : R) w, semidefinite_matrix matrix -> 0 <= q ->
  Forall2 (Forall2 (fun phi a => eval_form phi = q * a)) A matrix -> length w = length A -> 0 <= eval_form (at_vector K A w).
Proof.
  intros A matrix q w H Hq F Lw. rewrite eval_at_vector.
  assert (length A = length matrix) as La by (clear - F; induction F; simpl; congruence).
  specialize (H (map val w)). rewrite map_length, Lw in H. specialize (H La).
  unfold quadratic_value in *. rewrite (scaled_matrix q A matrix _ F). apply Rmult_le_pos; assumption.
Qed.
End Meaning.

(* Writes a form as the number that it is. *)
Ltac listed_number :=
  unfold norm2; lazy beta iota zeta delta [sum_pairs sum_multiples nth value integers_real quadratic_real qvalue number_field_real nvalue
    fst snd scalar element integers quadratic number_field hd tl].
