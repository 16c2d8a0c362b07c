(* Statements about vectors and scalars, and the residual of a proof by multipliers.

   A form is a sum of inner products of linear forms and of multiples of scalars f_0 = 1, f_1, f_2, .. (so constants are
   multiples of f_0). If forms phi_1, phi_2, .. are known to be at most zero, and the sum of all of them and of a form psi is
   a positive semidefinite quadratic form plus a nonnegative constant, then psi is at least zero. *)
From Coq Require Import Reals Lra List Bool Arith Lia.
From Pep Require Import Space Ring LinearForms QuadraticForms.
Import ListNotations.
Open Scope R_scope.

Section Computation.
Variable K : ring.
Notation linear := (list K).

Record form := Form { products : list (linear * linear); multiples : list (nat * K) }.

Definition state := (list linear * linear)%type.

Definition add_form (st : state) (phi : form) : state :=
  (fold_left (fun M ab => add_outer K M (fst ab) (snd ab)) (products phi) (fst st),
   fold_left (fun F ia => ladd_at K (fst ia) (snd ia) F) (multiples phi) (snd st)).

Definition residual (forms : list form) : state := fold_left add_form forms ([], []).

Definition nonnegative_residual (columns : list linear) (st : state) : bool :=
  let '(M, F) := st in
  nonnegative K (hd (c0 K) F) && forallb (is_zero K) (tl F)
  && semidefinite K (S (S (length M))) (triangle K (length M) M) columns [].
End Computation.

Arguments Form {K}. Arguments products {K}. Arguments multiples {K}.

Section Meaning.
Context {K : ring} (E : realisation K) {V : inner_space}.
Variables (bs : list V) (fs : list R).
Hypothesis constant : nth 0 fs 0 = 1.

Definition eval_products (l : list (list K * list K)) : R :=
  fold_right (fun ab s => inner (eval E (fst ab) bs) (eval E (snd ab) bs) + s) 0 l.
Definition eval_multiples (l : list (nat * K)) : R :=
  fold_right (fun ia s => value E (snd ia) * nth (fst ia) fs 0 + s) 0 l.
Definition eval_form (phi : form K) : R := eval_products (products phi) + eval_multiples (multiples phi).
Definition eval_state (st : state K) : R := eval_rows E (fst st) bs bs + eval_scalars E (snd st) fs.

Lemma eval_add_form : forall st phi, eval_state (add_form K st phi) = eval_state st + eval_form phi.
Proof.
  intros [M F] [P S]. unfold eval_state, eval_form, add_form. cbn [fst snd products multiples].
  assert (forall M, eval_rows E (fold_left (fun M ab => add_outer K M (fst ab) (snd ab)) P M) bs bs
                    = eval_rows E M bs bs + eval_products P) as HP.
  { induction P as [|ab P IH]; intro M'; simpl; [ring|]. rewrite IH, eval_add_outer. ring. }
  assert (forall F, eval_scalars E (fold_left (fun F ia => ladd_at K (fst ia) (snd ia) F) S F) fs
                    = eval_scalars E F fs + eval_multiples S) as HS.
  { induction S as [|ia S IH]; intro F'; simpl; [ring|]. rewrite IH, eval_scalars_add_at. ring. }
  rewrite HP, HS. ring.
Qed.

Lemma eval_residual : forall forms, eval_state (residual K forms) = fold_right (fun phi s => eval_form phi + s) 0 forms.
Proof.
  intro forms. unfold residual.
  assert (forall st, eval_state (fold_left (add_form K) forms st)
                     = eval_state st + fold_right (fun phi s => eval_form phi + s) 0 forms) as G.
  { induction forms as [|phi forms IH]; intro st; simpl; [ring|]. rewrite IH, eval_add_form. ring. }
  rewrite G. unfold eval_state. simpl. ring.
Qed.

Lemma residual_nonnegative : forall columns forms,
  nonnegative_residual K columns (residual K forms) = true ->
  0 <= fold_right (fun phi s => eval_form phi + s) 0 forms.
Proof.
  intros columns forms H. rewrite <- eval_residual. destruct (residual K forms) as [M F] eqn:Er.
  unfold nonnegative_residual in H. apply andb_true_iff in H. destruct H as [H H3].
  apply andb_true_iff in H. destruct H as [H1 H2]. unfold eval_state. cbn [fst snd].
  apply (semidefinite_ok E) with (bs := bs) in H3. rewrite eval_triangle_of_rows in H3 by lia. simpl in H3.
  assert (0 <= eval_scalars E F fs); [|lra].
  apply (nonnegative_ok E) in H1. destruct fs as [|c rest]; [simpl in constant; lra|]. simpl in constant. subst c.
  rewrite eval_scalars_head_tail, (eval_scalars_zero E (tl F)) by exact H2. lra.
Qed.

Lemma sum_nonpositive : forall forms, Forall (fun phi => eval_form phi <= 0) forms ->
  fold_right (fun phi s => eval_form phi + s) 0 forms <= 0.
Proof. induction 1; simpl; lra. Qed.

Lemma sum_app : forall a b, fold_right (fun phi s => eval_form phi + s) 0 (a ++ b)
  = fold_right (fun phi s => eval_form phi + s) 0 a + fold_right (fun phi s => eval_form phi + s) 0 b.
Proof. induction a; intro b; simpl; [ring|rewrite IHa; ring]. Qed.

(* The theorem of this file. *)
Theorem multipliers_prove : forall columns hypotheses conclusion,
  nonnegative_residual K columns (residual K (hypotheses ++ conclusion)) = true ->
  Forall (fun phi => eval_form phi <= 0) hypotheses ->
  0 <= fold_right (fun phi s => eval_form phi + s) 0 conclusion.
Proof.
  intros columns hs cs H Hh. apply residual_nonnegative in H. rewrite sum_app in H.
  pose proof (sum_nonpositive hs Hh). lra.
Qed.
End Meaning.
