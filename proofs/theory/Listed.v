(* Statements with listed hypotheses: whenever the listed inequalities and equalities between inner products and scalars hold,
   measure <= rate * normaliser. Nothing is said about functions; who reads the theorem decides what the hypotheses mean. *)
From Coq Require Import Reals Lra List Bool Arith Lia.
From Pep Require Import Space Ring LinearForms QuadraticForms Statement Rate.
Import ListNotations.
Open Scope R_scope.

Section Computation.
Variable K : ring.
Notation form := (form K).

Definition scale_form (c : K) (phi : form) : form :=
  Form (map (fun ab => (lscale K c (fst ab), snd ab)) (products phi))
       (map (fun ia => (fst ia, cmul K c (snd ia))) (multiples phi)).
Definition shear_form (k : list (nat * list K)) (phi : form) : form :=
  Form (map (fun ab => (shear_all K k (fst ab), shear_all K k (snd ab))) (products phi)) (multiples phi).
Definition short_form (n : nat) (phi : form) : bool :=
  forallb (fun ab => (length (fst ab) <=? n)%nat && (length (snd ab) <=? n)%nat) (products phi).

(* n basis vectors; scalar number 0 is the constant 1 *)
Definition check_listed (n : nat) (inequalities equalities : list form) (measure normaliser : form)
    (rate_numerator rate_denominator : K) (multipliers free_multipliers : list K)
    (kernel : list (nat * list K)) (columns : list (list K)) : bool :=
  let terms cs phis := map (fun cp => scale_form (copp K (fst cp)) (shear_form kernel (snd cp))) (combine cs phis) in
  is_positive K rate_denominator
  && forallb (good_shear K n) kernel
  && forallb (short_form n) inequalities && forallb (short_form n) equalities
  && short_form n measure && short_form n normaliser
  && forallb (nonnegative K) multipliers
  && nonnegative_residual K columns (residual K
       ((terms multipliers inequalities ++ terms free_multipliers equalities)
        ++ [scale_form (copp K rate_denominator) (shear_form kernel measure);
            scale_form rate_numerator (shear_form kernel normaliser)])).
End Computation.

Section Soundness.
Context {K : ring} (E : realisation K) {V : inner_space}.

Lemma eval_scale_form : forall (bs : list V) fs c phi,
  eval_form E bs fs (scale_form K c phi) = value E c * eval_form E bs fs phi.
Proof.
  intros bs fs c [P S]. unfold eval_form, scale_form. cbn [products multiples]. rewrite Rmult_plus_distr_l. f_equal.
  - induction P as [|ab P IH]; simpl; [ring|]. rewrite IH. fold (lscale K c (fst ab)). rewrite eval_scale. ring.
  - induction S as [|ia S IH]; simpl; [ring|]. rewrite IH, value_mul. ring.
Qed.

Lemma eval_shear_form : forall k (bs : list V) fs phi, forallb (good_shear K (length bs)) k = true ->
  short_form K (length bs) phi = true ->
  eval_form E (sheared_all E k bs) fs (shear_form K k phi) = eval_form E bs fs phi.
Proof.
  intros k bs fs [P S] G H. unfold eval_form, shear_form. cbn [products multiples]. f_equal.
  unfold short_form in H. cbn [products] in H. induction P as [|ab P IH]; simpl; [reflexivity|].
  simpl in H. apply andb_true_iff in H. destruct H as [H1 H2]. apply andb_true_iff in H1. destruct H1 as [A B].
  apply Nat.leb_le in A, B. rewrite IH by exact H2. f_equal. apply alike_inner; apply shear_all_ok; assumption.
Qed.

Theorem listed_sound : forall n inequalities equalities measure normaliser num den multipliers free kernel columns,
  check_listed K n inequalities equalities measure normaliser num den multipliers free kernel columns = true ->
  forall (bs : list V) (scalars : list R), length bs = n ->
  Forall (fun phi => 0 <= eval_form E bs (1 :: scalars) phi) inequalities ->
  Forall (fun phi => eval_form E bs (1 :: scalars) phi = 0) equalities ->
  forall r, value E num = r * value E den ->
  eval_form E bs (1 :: scalars) measure <= r * eval_form E bs (1 :: scalars) normaliser.
Proof.
  intros n ineqs eqs me no num den lam nu kernel columns H bs scalars Ln Hi He r Hr. subst n. unfold check_listed in H.
  repeat (apply andb_true_iff in H; destruct H as [H ?H]).
  rename H0 into Hres, H1 into Hlam, H2 into Sno, H3 into Sme, H4 into Seq, H5 into Sin, H6 into Hk. rename H into Hden.
  apply (is_positive_ok K E) in Hden.
  apply (multipliers_prove E (sheared_all E kernel bs) (1 :: scalars) eq_refl) in Hres.
  - cbn [fold_right] in Hres. rewrite !eval_scale_form, value_opp, !eval_shear_form in Hres by assumption. rewrite Hr in Hres.
    apply Rmult_le_reg_l with (value E den); [exact Hden|]. lra.
  - apply Forall_app. split; apply Forall_forall; intros phi Hp; apply in_map_iff in Hp; destruct Hp as [[c psi] [<- Hin]];
      pose proof (in_combine_l _ _ _ _ Hin) as Ic; pose proof (in_combine_r _ _ _ _ Hin) as Ip; cbn [fst snd];
      rewrite eval_scale_form, value_opp.
    + rewrite forallb_forall in Sin, Hlam. rewrite eval_shear_form by auto.
      specialize (Hlam c Ic). apply (nonnegative_ok E) in Hlam. rewrite Forall_forall in Hi. specialize (Hi psi Ip).
      pose proof (Rmult_le_pos _ _ Hlam Hi). lra.
    + rewrite forallb_forall in Seq. rewrite eval_shear_form by auto.
      rewrite Forall_forall in He. rewrite (He psi Ip). lra.
Qed.
End Soundness.
